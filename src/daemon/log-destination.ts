// SPDX-License-Identifier: Apache-2.0

import { fstatSync } from 'node:fs';
import { VfsdError } from '../errors.js';
import type { LogFormat } from '../log/formats.js';
import { isSystemFailure } from '../native/system-failure.js';
import type { Fd, NativeBinding } from '../native/types.js';

const stderr = 2;

/** Where the services of that kind listen. */
const sockets: Readonly<Partial<Record<LogFormat, string>>> = {
  journal: '/run/systemd/journal/socket',
  syslog: '/dev/log',
};

/** How the worker writes its log. */
export interface LogDestination {
  readonly format: LogFormat;
  /** Connected to the service; null: stderr. */
  readonly socket: Fd | null;
}

/** Whether stderr leads to the journal, as it says itself: JOURNAL_STREAM of systemd.exec(5). */
function isJournal(journalStream: string | undefined): boolean {
  const [, device, inode] = /^([0-9]+):([0-9]+)$/.exec(journalStream ?? '') ?? [];
  if (device === undefined || inode === undefined) return false;
  try {
    const { dev, ino } = fstatSync(stderr, { bigint: true });
    return dev === BigInt(device) && ino === BigInt(inode);
  } catch {
    return false; // stderr is closed
  }
}

/**
 * Opens what the log goes to. Throws VFSD_LOG_SOCKET where a service that was asked for is not there; one that would
 * have been chosen is done without.
 * @param wanted `--log-format` or `--syslog`; null: neither
 */
export function openLogDestination(
  binding: Pick<NativeBinding, 'connectDatagram'>,
  wanted: LogFormat | null,
  journalStream: string | undefined,
  paths = sockets,
): LogDestination {
  const format = wanted ?? (isJournal(journalStream) ? 'journal' : 'text');
  const path = paths[format];
  if (path === undefined) return { format, socket: null };
  const socket = binding.connectDatagram(path);
  if (!isSystemFailure(socket)) return { format, socket };
  if (wanted === null) return { format: 'text', socket: null };
  throw new VfsdError('VFSD_LOG_SOCKET', path, { answer: socket });
}
