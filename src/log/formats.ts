// SPDX-License-Identifier: Apache-2.0

import type { MessageLevel } from './level.js';
import { toSingleLine, type LogContext, type LogRecord } from './record.js';

/** What `--log-format` accepts. */
export const logFormats = ['text', 'json', 'journal'] as const;

/** With `--syslog` there is a fourth. */
export type LogFormat = (typeof logFormats)[number] | 'syslog';

/** Makes a record what a reader of its kind understands. */
export type Formatter = (record: LogRecord) => string;

const prefixes: Readonly<Record<MessageLevel, string>> = {
  error: 'vfsd: error: ',
  warn: 'vfsd: warning: ',
  info: 'vfsd: ',
  debug: 'vfsd: debug: ',
  trace: 'vfsd: trace: ',
};

/** As in syslog.h. */
const priorities: Readonly<Record<MessageLevel, number>> = {
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
  trace: 7,
};

const identifier = 'vfsd';
/** LOG_DAEMON. */
const facility = 3 << 3;

/** For people: a line, which begins with the program's name. */
export const formatText: Formatter = ({ level, message }) => `${prefixes[level]}${message}\n`;

/** A JSON object in each line. */
export function jsonFormatter(context: LogContext, now = () => new Date()): Formatter {
  return ({ level, message, fields }) =>
    `${JSON.stringify({
      time: now().toISOString(),
      level,
      message,
      sharedDir: context.sharedDir,
      ...(context.tag === null ? {} : { tag: context.tag }),
      ...fields,
    })}\n`;
}

/** The journal's own protocol (systemd: Native Journal Protocol): a datagram of `NAME=value` lines. */
export function journalFormatter(context: LogContext): Formatter {
  const common = [
    `SYSLOG_IDENTIFIER=${identifier}`,
    `VFSD_SHARED_DIR=${toSingleLine(context.sharedDir)}`,
    ...(context.tag === null ? [] : [`VFSD_TAG=${toSingleLine(context.tag)}`]),
  ];
  return ({ level, message, fields }) =>
    [
      `MESSAGE=${message}`,
      `PRIORITY=${priorities[level]}`,
      ...common,
      ...Object.entries(fields).map(
        ([name, value]) => `${journalName(name)}=${toSingleLine(String(value))}`,
      ),
      '',
    ].join('\n');
}

/** As syslog(3) sends it to /dev/log. */
export function syslogFormatter(pid: number, now = () => new Date()): Formatter {
  return ({ level, message }) =>
    `<${facility | priorities[level]}>${timestamp(now())} ${identifier}[${pid}]: ${message}`;
}

export function formatterFor(format: LogFormat, context: LogContext, pid: number): Formatter {
  switch (format) {
    case 'text':
      return formatText;
    case 'json':
      return jsonFormatter(context);
    case 'journal':
      return journalFormatter(context);
    case 'syslog':
      return syslogFormatter(pid);
  }
}

/** `durationMs` is VFSD_DURATION_MS; `errno` has a name that all programs share. */
function journalName(name: string): string {
  if (name === 'errno') return 'ERRNO';
  return `VFSD_${name.replaceAll(/([A-Z])/g, '_$1').toUpperCase()}`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Nov  9 08:07:06`, by the local clock (RFC 3164, 4.1.2). */
function timestamp(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = String(time.getDate()).padStart(2, ' ');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${months[time.getMonth()] ?? ''} ${day} ${clock}`;
}
