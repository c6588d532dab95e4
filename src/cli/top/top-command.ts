// SPDX-License-Identifier: Apache-2.0

/** `vfsd top`: looks at daemons once a second, and shows what they do. */

import { writeSync } from 'node:fs';
import { stdin, stdout } from 'node:process';
import { usage } from '../../config/usage.js';
import { askStatus } from '../control-client.js';
import { ShareSamples, type ShareRates } from './sample.js';
import { Terminal } from './terminal.js';
import { heading, rows, screen, type ViewStyle } from './view.js';

const defaultSeconds = 1;

/** Resolves to the exit status. Rejects with VfsdError. */
export async function runTop(args: readonly string[]): Promise<number> {
  const { sockets, seconds } = parse(args);
  const shares = sockets.map((socket) => new ShareSamples(socket));
  // Before the terminal is taken: a socket that is mistyped is an error of the command.
  await look(shares, true);
  return stdin.isTTY && stdout.isTTY ? showScreen(shares, seconds) : printRows(shares, seconds);
}

function parse(args: readonly string[]): {
  readonly sockets: readonly string[];
  readonly seconds: number;
} {
  const sockets = args.filter((argument) => !argument.startsWith('--'));
  let seconds = defaultSeconds;
  for (const option of args.filter((argument) => argument.startsWith('--'))) {
    const [, text] = /^--interval=([0-9]{1,4}(?:\.[0-9]{1,3})?)$/.exec(option) ?? [];
    seconds = text === undefined ? 0 : Number(text);
    if (seconds < 0.1) throw usage(`vfsd top: ${option} is not --interval=SECONDS, 0.1 or more`);
  }
  if (sockets.length === 0) throw usage('vfsd top: name a SOCKET');
  return { sockets, seconds };
}

/** Looks at all shares at once. @param isFirst a daemon that does not answer is an error */
async function look(
  shares: readonly ShareSamples[],
  isFirst = false,
): Promise<readonly ShareRates[]> {
  return Promise.all(
    shares.map(async (share) => {
      try {
        return share.add(await askStatus(share.socket), performance.now());
      } catch (error) {
        if (isFirst) throw error;
        return share.add(null, performance.now());
      }
    }),
  );
}

function style(): ViewStyle {
  const { LC_ALL, LC_CTYPE, LANG, NO_COLOR } = process.env;
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '');
  return {
    isUnicode: /utf-?8/i.test(locale ?? ''),
    hasColour: stdout.isTTY && (NO_COLOR ?? '') === '',
  };
}

async function showScreen(shares: readonly ShareSamples[], seconds: number): Promise<number> {
  const end: { status: number | null } = { status: null };
  let wake: () => void = () => undefined;
  let latest: readonly ShareRates[] = [];
  const viewStyle = style();
  const draw = (): void => {
    const time = new Date().toTimeString().slice(0, 8);
    terminal.draw(screen(latest, terminal.size, viewStyle, time));
  };
  const terminal = new Terminal((wanted) => {
    end.status = wanted;
    wake();
  }, draw);
  try {
    while (end.status === null) {
      latest = await look(shares);
      draw();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, seconds * 1000);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (end.status !== null) wake();
      });
    }
    return end.status;
  } finally {
    terminal.close();
  }
}

/** Rows for a file or a pipe, until a signal or the reader's end. */
async function printRows(shares: readonly ShareSamples[], seconds: number): Promise<number> {
  const plain = { ...style(), hasColour: false };
  writeSync(1, `${heading}\n`);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const text = rows(await look(shares), 80, plain).join('\n');
    try {
      writeSync(1, `${text}\n`);
    } catch (error) {
      // The reader of a pipe has had enough.
      if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return 0;
      throw error;
    }
  }
}
