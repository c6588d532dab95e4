// SPDX-License-Identifier: Apache-2.0

/** What `vfsd top` shows, as text. */

import { count, duration } from '../quantities.js';
import type { ShareRates } from './sample.js';

export interface ViewStyle {
  /** The terminal understands UTF-8. */
  readonly isUnicode: boolean;
  readonly hasColour: boolean;
}

const mebi = 2 ** 20;
const narrowest = 40;
const nameWidth = 14;
const numbersWidth = 55;

const unicodeBars = '▁▂▃▄▅▆▇█';
const asciiBars = '_.-=+*#@';

const dim = '\x1b[2m';
const bold = '\x1b[1m';
const red = '\x1b[31m';
const green = '\x1b[32m';
const reset = '\x1b[0m';

/** The newest `width` values as bars, scaled to the largest of them. */
export function sparkline(values: readonly number[], width: number, isUnicode: boolean): string {
  const bars = isUnicode ? unicodeBars : asciiBars;
  const shown = values.slice(-width);
  const most = Math.max(...shown, 0);
  const text = shown.map((value) => {
    if (value <= 0 || most <= 0) return ' ';
    return bars[Math.min(bars.length - 1, Math.floor((value / most) * bars.length))] ?? ' ';
  });
  return text.join('').padStart(width);
}

export const heading = `${'SHARE'.padEnd(nameWidth)}   REQ/S  RD MB/s  WR MB/s     P50     P99  ERR/S DEPTH`;

/** A row per share. @param width of the terminal */
export function rows(
  shares: readonly ShareRates[],
  width: number,
  style: ViewStyle,
): readonly string[] {
  return shares.map((share) => row(share, width, style));
}

function row(share: ShareRates, width: number, style: ViewStyle): string {
  const paint = (code: string, text: string): string =>
    style.hasColour ? `${code}${text}${reset}` : text;
  const mark = markOf(share, style);
  const name = fit(share.name, nameWidth - 2);
  const head = `${paint(mark.code, mark.text)} ${name}`;
  if (share.connected === null) return `${head}  ${paint(red, 'does not answer')}`;
  const micro = (text: string): string => (style.isUnicode ? text : text.replace('µ', 'u'));
  const cells = [
    count(Math.round(share.requests)).padStart(8),
    megabytes(share.readBytes).padStart(9),
    megabytes(share.writtenBytes).padStart(9),
    micro(duration(share.p50Ns)).replace(' ', '').padStart(8),
    micro(duration(share.p99Ns)).replace(' ', '').padStart(8),
  ].join('');
  const errors = count(Math.round(share.errors)).padStart(7);
  const depth = count(share.inProgress).padStart(6);
  const coloured = share.errors > 0 ? paint(red, errors) : errors;
  const room = width - nameWidth - numbersWidth - 1;
  const line = room >= 4 ? ` ${paint(green, sparkline(share.history, room, style.isUnicode))}` : '';
  return `${head}${cells}${coloured}${depth}${line}`;
}

function markOf(share: ShareRates, { isUnicode }: ViewStyle): { code: string; text: string } {
  if (share.connected === null) return { code: red, text: isUnicode ? '✗' : 'x' };
  if (share.connected) return { code: green, text: isUnicode ? '●' : '*' };
  return { code: dim, text: isUnicode ? '○' : '-' };
}

/** The end of a path says more than its beginning; of a tag it is the other way round. */
function fit(name: string, width: number): string {
  // A share's name must not move the terminal's cursor
  const shown = name.replace(/[^\x20-\x7e]/g, '?');
  if (shown.length <= width) return shown.padEnd(width);
  return shown.startsWith('/') ? `~${shown.slice(1 - width)}` : `${shown.slice(0, width - 1)}~`;
}

function megabytes(value: number): string {
  const mega = value / mebi;
  if (mega === 0) return '0';
  return mega >= 99.95 ? count(Math.round(mega)) : mega.toFixed(1);
}

/** The whole screen: title, heading, a row for each share that there is room for, and what keys do. */
export function screen(
  shares: readonly ShareRates[],
  size: { readonly columns: number; readonly rows: number },
  style: ViewStyle,
  time: string,
): readonly string[] {
  const columns = Math.max(size.columns, narrowest);
  const paint = (code: string, text: string): string =>
    style.hasColour ? `${code}${text}${reset}` : text;
  const requests = shares.reduce((sum, { requests: of }) => sum + of, 0);
  const title = `vfsd top   ${shares.length} ${shares.length === 1 ? 'share' : 'shares'}   ${count(Math.round(requests))} req/s`;
  const room = Math.max(1, size.rows - 6);
  const hidden = shares.length - room;
  return [
    `${paint(bold, title)}${time.padStart(columns - title.length)}`,
    '',
    paint(dim, heading.slice(0, columns)),
    ...rows(shares.slice(0, room), columns, style),
    ...(hidden > 0 ? [paint(dim, `and ${hidden} more: the terminal is too low`)] : ['']),
    paint(dim, 'q ends'),
  ];
}
