// SPDX-License-Identifier: Apache-2.0
//
// A guest: QEMU with a kernel and an initramfs, and a serial port on which commands are run in it.

import { chmod, copyFile } from 'node:fs/promises';
import path from 'node:path';

import { Child, makeScratchDirectory, removeScratchDirectory, within } from './child.js';
import { asOrdinaryUser } from './daemon.js';
import {
  type Flavour,
  type Image,
  type Release,
  guestConsole,
  guestHardware,
  guestImage,
} from './host.js';
import { LineSocket } from './line-socket.js';
import { type CommandResult, Session } from './session.js';

export interface BootOptions {
  /** The daemon's socket; without one the guest has no share of that kind. */
  readonly socket?: string;
  /** Sockets of further daemons, by the tags that their shares get; none of them is mounted. */
  readonly shares?: Readonly<Record<string, string>>;
  /** Whose kernel the guest has; without it, that of the host's release. */
  readonly release?: Release;
  /** Which of its kernels; 9p takes the generic one. */
  readonly flavour?: Flavour;
  /** QEMU's own 9p servers: `-fsdev` options without the id, by the tags that the guest mounts. */
  readonly fsdevs?: Readonly<Record<string, string>>;
  /** QEMU runs as the ordinary user, and not as root. */
  readonly qemuAsOrdinaryUser?: boolean;
  /** In front of QEMU's command. */
  readonly qemuWrapper?: readonly string[];
  /** A file of the host that is the guest's disk. */
  readonly disk?: string;
  /** Request queues; each beyond the first needs a processor in the guest. */
  readonly queues?: number;
  /** A reset boots the guest again, instead of ending QEMU. */
  readonly rebootsOnReset?: boolean;
}

interface QmpAnswer {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

const bootTimeoutMs = 240_000;
const commandTimeoutMs = 900_000;
const memory = '768M';
/** In the order in which they need each other. */
const drivers9p = ['netfs', 'fscache', '9pnet', '9pnet_virtio', '9p'] as const;

export class Guest {
  readonly #scratch: string;
  readonly #session: Session;
  readonly #monitor: LineSocket;
  readonly #qemu: Child;
  #onAnswer: (answer: QmpAnswer) => void = () => undefined;

  private constructor(scratch: string, session: Session, monitor: LineSocket, qemu: Child) {
    this.#scratch = scratch;
    this.#session = session;
    this.#monitor = monitor;
    this.#qemu = qemu;
    monitor.onLine = (line) => {
      this.#hearMonitor(line);
    };
  }

  /** Boots a guest that has mounted the share, where it has one, at /mnt. */
  static async boot(options: BootOptions): Promise<Guest> {
    const scratch = await makeScratchDirectory('qemu');
    const session = await Session.listen(path.join(scratch, 'session'));
    const monitor = await LineSocket.listen(path.join(scratch, 'monitor'));
    const command =
      options.qemuAsOrdinaryUser === true
        ? [
            ...asOrdinaryUser(),
            ...qemuCommand(scratch, options, await giveToQemu(scratch, options)),
          ]
        : qemuCommand(scratch, options, imageOf(options));
    const qemu = new Child([...(options.qemuWrapper ?? []), ...command]);
    const guest = new Guest(scratch, session, monitor, qemu);
    try {
      await guest.isReady();
      await guest.monitor('qmp_capabilities');
    } catch (error) {
      await guest.end();
      throw error;
    }
    return guest;
  }

  get console(): string {
    return this.#qemu.output;
  }

  /** Waits until the guest says, once more, that it takes commands. */
  async isReady(): Promise<void> {
    await this.#within(bootTimeoutMs, "the guest's start", this.#session.isReady());
  }

  /** Runs a shell command in the guest; one at a time. */
  async run(command: string, timeoutMs = commandTimeoutMs): Promise<CommandResult> {
    return this.#within(timeoutMs, command, this.#session.run(command));
  }

  /** Loads drivers that are not loaded at the start, where they are not built into the kernel. */
  async load(...modules: string[]): Promise<void> {
    for (const module of modules) {
      const file = `/modules/${module}.ko`;
      const { status, output } = await this.run(`[ ! -e ${file} ] || insmod ${file}`);
      if (status !== 0) throw new Error(`insmod ${module}: ${output}`);
    }
  }

  /** Mounts what one of QEMU's 9p servers serves; the server's own answers are seen, not a cache's. */
  async mount9p(tag: string, directory: string, options = ''): Promise<void> {
    const { output: known } = await this.run('cat /proc/filesystems');
    if (!/\t9p$/m.test(known)) await this.load(...drivers9p);
    const shared = `trans=virtio,version=9p2000.L,cache=none,msize=262144${options}`;
    const mount = `mkdir -p ${directory} && mount -t 9p -o ${shared} ${tag} ${directory}`;
    const { status, output } = await this.run(mount);
    if (status !== 0) throw new Error(`mount of 9p ${tag}: ${output}`);
  }

  /** Pulls the guest's reset line, and waits until it has booted again. */
  async reset(): Promise<void> {
    const ready = this.isReady();
    await this.monitor('system_reset');
    await ready;
  }

  /** Runs a command of the QEMU monitor protocol. */
  async monitor(execute: string): Promise<unknown> {
    const answered = new Promise<QmpAnswer>((resolve) => (this.#onAnswer = resolve));
    await this.#monitor.send(JSON.stringify({ execute }));
    const answer = await this.#within(30_000, `monitor command ${execute}`, answered);
    if (answer.error !== undefined) throw new Error(`${execute}: ${answer.error.desc}`);
    return answer.return;
  }

  /** Ends QEMU as a crash would, and the guest with it. */
  async end(): Promise<void> {
    this.#qemu.kill('SIGKILL');
    await this.#qemu.endsWithin(10_000);
    this.#session.close();
    this.#monitor.close();
    await removeScratchDirectory(this.#scratch);
  }

  /** Greetings and events are passed over. */
  #hearMonitor(line: string): void {
    const answer = JSON.parse(line) as QmpAnswer;
    if ('return' in answer || 'error' in answer) this.#onAnswer(answer);
  }

  async #within<T>(timeoutMs: number, what: string, result: Promise<T>): Promise<T> {
    const ended = this.#qemu.endsWithin(timeoutMs).then((hasEnded) => {
      if (hasEnded) throw new Error(`QEMU ended: ${what}\n${this.console}`);
      return new Promise<never>(() => undefined);
    });
    return within(timeoutMs, what, Promise.race([result, ended]), () =>
      [...this.#session.lastLines, this.console].join('\n'),
    );
  }
}

function imageOf({ release, flavour }: BootOptions): Image {
  return guestImage({ release, flavour });
}

/** What is below root's home another user does not find. */
async function giveToQemu(scratch: string, options: BootOptions): Promise<Image> {
  const image = imageOf(options);
  const own = { kernel: path.join(scratch, 'vmlinuz'), initrd: path.join(scratch, 'initrd') };
  await copyFile(image.kernel, own.kernel);
  await copyFile(image.initrd, own.initrd);
  await chmod(scratch, 0o755);
  for (const name of [own.kernel, own.initrd]) await chmod(name, 0o644);
  for (const name of ['session', 'monitor']) await chmod(path.join(scratch, name), 0o666);
  return own;
}

function qemuCommand(scratch: string, options: BootOptions, image: Image): string[] {
  const queues = options.queues ?? 1;
  return [
    ...guestHardware(),
    ...['-m', memory, '-smp', String(Math.max(queues, 2))],
    ...['-object', `memory-backend-memfd,id=mem,size=${memory},share=on`],
    ...['-numa', 'node,memdev=mem'],
    ...(options.socket === undefined ? [] : shareDevice('share', options.socket, queues)),
    ...Object.entries(options.shares ?? {}).flatMap(([tag, socket]) => shareDevice(tag, socket, 1)),
    ...Object.entries(options.fsdevs ?? {}).flatMap(([tag, fsdev]) => device9p(tag, fsdev)),
    ...['-chardev', `socket,id=session,path=${scratch}/session`],
    ...['-device', 'virtio-serial-pci'],
    ...['-device', 'virtserialport,chardev=session,name=session'],
    ...['-qmp', `unix:${scratch}/monitor`],
    ...(options.disk === undefined ? [] : diskOptions(options.disk)),
    ...['-kernel', image.kernel, '-initrd', image.initrd],
    ...['-append', kernelCommandLine(options)],
    ...['-nodefaults', '-display', 'none', '-serial', 'stdio'],
    ...(options.rebootsOnReset ? [] : ['-no-reboot']),
  ];
}

function shareDevice(tag: string, socket: string, queues: number): string[] {
  const options = `queue-size=1024,chardev=fs-${tag},tag=${tag}`;
  const several = queues === 1 ? '' : `,num-request-queues=${queues}`;
  return [
    ...['-chardev', `socket,id=fs-${tag},path=${socket}`],
    ...['-device', `vhost-user-fs-pci,${options}${several}`],
  ];
}

function device9p(tag: string, fsdev: string): string[] {
  return [
    ...['-fsdev', `${fsdev},id=heritage-${tag}`],
    ...['-device', `virtio-9p-pci,fsdev=heritage-${tag},mount_tag=${tag}`],
  ];
}

function diskOptions(file: string): string[] {
  return [
    ...['-drive', `if=none,id=disk,format=raw,file=${file}`],
    ...['-device', 'virtio-blk-pci,drive=disk'],
  ];
}

function kernelCommandLine({ socket }: BootOptions): string {
  const share = socket === undefined ? '' : 'vfsd.share=share ';
  // Nothing in this guest is to be kept from anything else in it, and an emulated processor pays for trying.
  return `console=${guestConsole()} quiet panic=-1 norandmaps mitigations=off ${share}vfsd.run=session`;
}
