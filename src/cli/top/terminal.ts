// SPDX-License-Identifier: Apache-2.0

/** The terminal as `vfsd top` takes it over, and gives it back whatever happens. */

import { writeSync } from 'node:fs';
import { stdin, stdout } from 'node:process';

const alternateScreen = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const ownScreen = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const home = '\x1b[H';
const clearLine = '\x1b[K';
const clearBelow = '\x1b[J';

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const endingKeys = new Set(['q', 'Q', '\x03', '\x04', '\x1b']);

export class Terminal {
  #isOpen = false;
  readonly #onKey = (keys: Buffer): void => {
    if (endingKeys.has(keys.toString('latin1'))) this.#onEnd(0);
  };
  readonly #restore = (): void => {
    this.close();
  };
  readonly #onEnd: (status: number) => void;

  /**
   * Takes the terminal.
   * @param onEnd is called when the user, by key or signal, wants the end
   */
  constructor(onEnd: (status: number) => void, onResize: () => void) {
    this.#onEnd = onEnd;
    // Also for what nobody has thought of: an uncaught error ends the process by way of this.
    process.on('exit', this.#restore);
    for (const signal of endingSignals) {
      process.on(signal, () => {
        onEnd(signal === 'SIGINT' ? 0 : 128 + (signal === 'SIGTERM' ? 15 : 1));
      });
    }
    this.#isOpen = true;
    stdin.setRawMode(true);
    stdin.on('data', this.#onKey);
    stdin.on('end', () => {
      onEnd(0);
    });
    stdin.resume();
    stdout.on('resize', onResize);
    put(alternateScreen);
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: stdout.columns, rows: stdout.rows };
  }

  /** Draws over what is there, without a flicker in between. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    // Each line is cleared before it is written: behind its last column the cursor stands on what was written there.
    put(`${home}${lines.map((line) => `${clearLine}${line}`).join('\r\n')}\r\n${clearBelow}`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#restore);
    try {
      put(ownScreen);
      stdin.setRawMode(false);
    } catch {
      // The terminal is gone (SIGHUP): there is nothing to give back.
    }
    stdin.pause();
  }
}

function put(text: string): void {
  let rest = Buffer.from(text, 'utf8');
  while (rest.byteLength > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      // Another program made the terminal non-blocking, and it is slow.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}
