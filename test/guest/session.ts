// SPDX-License-Identifier: Apache-2.0
//
// Commands run in a guest, on a line to its session, whoever has started the machine.

import { LineSocket } from './line-socket.js';

export interface CommandResult {
  readonly status: number;
  readonly output: string;
}

export class Session {
  readonly #line: LineSocket;
  #lines: string[] = [];
  #commands = 0;
  #onReady: () => void = () => undefined;
  #onDone: (number: number, status: number) => void = () => undefined;

  private constructor(line: LineSocket) {
    this.#line = line;
    line.onLine = (text) => {
      this.#hear(text);
    };
  }

  /** Waits for a machine at that path. */
  static async listen(path: string): Promise<Session> {
    return new Session(await LineSocket.listen(path));
  }

  /** What the command that runs, or ran last, has said of late. */
  get lastLines(): readonly string[] {
    return this.#lines.slice(-5);
  }

  /** Settles when the guest says, once more, that it takes commands. */
  isReady(): Promise<void> {
    return new Promise<void>((resolve) => (this.#onReady = resolve));
  }

  /** Runs a shell command; one at a time. */
  async run(command: string): Promise<CommandResult> {
    this.#commands += 1;
    const number = this.#commands;
    this.#lines = [];
    const done = new Promise<number>((resolve) => {
      this.#onDone = (answered, status) => {
        if (answered === number) resolve(status);
      };
    });
    await this.#line.send(`${number} ${Buffer.from(command).toString('base64')}`);
    const status = await done;
    // The line before the last one's end was put there by the session.
    return { status, output: this.#lines.join('\n').replace(/\n$/, '') };
  }

  close(): void {
    this.#line.close();
  }

  #hear(line: string): void {
    const done = /^::done (\d+) (\d+)$/.exec(line);
    if (line === '::ready') this.#onReady();
    else if (done !== null) this.#onDone(Number(done[1]), Number(done[2]));
    else this.#lines.push(line);
  }
}
