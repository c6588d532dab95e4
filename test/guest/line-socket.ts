// SPDX-License-Identifier: Apache-2.0
//
// A socket that QEMU connects to, and on which both sides speak in lines.

import { once } from 'node:events';
import { type Server, type Socket, createServer } from 'node:net';

export class LineSocket {
  readonly #server: Server;
  readonly #connection: Promise<Socket>;
  #rest = '';

  /** Called for each line, without its end. */
  onLine: (line: string) => void = () => undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.#connection = once(server, 'connection').then((values: unknown[]) => {
      const socket = values[0] as Socket;
      socket.setEncoding('utf8');
      socket.on('data', (text: string) => {
        this.#receive(text);
      });
      // The end of QEMU is seen by its process, and a broken connection is just one sign of it.
      socket.on('error', () => undefined);
      return socket;
    });
  }

  static async listen(path: string): Promise<LineSocket> {
    const server = createServer();
    const socket = new LineSocket(server);
    server.listen(path);
    await once(server, 'listening');
    return socket;
  }

  async send(line: string): Promise<void> {
    (await this.#connection).write(`${line}\n`);
  }

  close(): void {
    this.#server.close();
    void this.#connection.then((socket) => socket.destroy());
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.onLine(line);
  }
}
