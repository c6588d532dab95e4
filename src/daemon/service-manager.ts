// SPDX-License-Identifier: Apache-2.0

import { isSystemFailure } from '../native/system-failure.js';
import type { Fd, NativeBinding } from '../native/types.js';

/** What the launcher passes on to a service manager: the first byte of a message (native/launcher/worker_fds.h). */
const Word = { ready: 'R', alive: 'A', status: 'S' } as const;

/** A message longer than the launcher reads would be cut there. */
const longestStatus = 200;

export interface ServiceManagerSetup {
  readonly binding: Pick<NativeBinding, 'send'>;
  /** The socket to the launcher. */
  readonly launcher: Fd;
  /** WATCHDOG_USEC of sd_notify(3); null: nobody watches. */
  readonly watchdogUs: number | null;
}

/** Tells the service manager, by way of the launcher, how the worker is. */
export class ServiceManager {
  readonly #setup: ServiceManagerSetup;
  #status = '';

  constructor(setup: ServiceManagerSetup) {
    this.#setup = setup;
  }

  /** Front-ends are accepted. From now on the watchdog hears of each half of its time that this thread gets through. */
  ready(): void {
    this.#say(Word.ready);
    const { watchdogUs } = this.#setup;
    if (watchdogUs === null) return;
    const beat = (): void => {
      this.#say(Word.alive);
    };
    beat();
    setInterval(beat, watchdogUs / 2000).unref();
  }

  /** What `systemctl status` shows. */
  status(text: string): void {
    if (text === this.#status) return;
    this.#status = text;
    this.#say(`${Word.status}${text.slice(0, longestStatus)}`);
  }

  #say(message: string): void {
    const { binding, launcher } = this.#setup;
    const failure = binding.send(launcher, Buffer.from(message), []);
    // A manager that misses a beat, or a launcher that ends, has its own way to deal with it.
    if (isSystemFailure(failure)) this.#status = '';
  }
}
