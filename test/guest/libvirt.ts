// SPDX-License-Identifier: Apache-2.0
//
// A libvirtd of the test's own: namespaces of its own in which it finds its configuration, its
// state and its sockets in a scratch directory. Whatever it has started ends with it.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { Child, delay, makeScratchDirectory, removeScratchDirectory } from './child.js';
import { projectRoot } from './daemon.js';

const program = '/usr/sbin/libvirtd';
/** Where QEMU's and others' descriptions of daemons are, and libvirt looks for them. */
const descriptions = '/usr/share/qemu/vhost-user';
const startTimeoutMs = 60_000;

const daemonConfiguration = 'auth_unix_rw = "none"\nlog_level = 3\n';
const qemuConfiguration = `user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
`;

/** Why there is no libvirtd here; false when there is one. */
export function lacksLibvirt(): string | false {
  if (process.arch !== 'x64') return 'the domain is written for x86-64';
  if (process.getuid?.() !== 0) return 'libvirt has virtio-fs for root only';
  const missing = [program, '/usr/bin/virsh', descriptions].filter((name) => !existsSync(name));
  return missing.length > 0 && `not installed: ${missing.join(', ')}`;
}

export class Libvirt {
  readonly #scratch: string;
  readonly #daemon: Child;

  private constructor(scratch: string, daemon: Child) {
    this.#scratch = scratch;
    this.#daemon = daemon;
  }

  static async start(): Promise<Libvirt> {
    const scratch = await makeScratchDirectory('libvirt');
    for (const name of ['etc', 'lib', 'log', 'cache', 'run', 'descriptions']) {
      await mkdir(path.join(scratch, name));
    }
    await writeFile(path.join(scratch, 'etc/libvirtd.conf'), daemonConfiguration);
    await writeFile(path.join(scratch, 'etc/qemu.conf'), qemuConfiguration);
    await nameUsers(scratch);
    await describeThisDaemon(path.join(scratch, 'descriptions/60-vfsd.json'));
    const libvirt = new Libvirt(scratch, new Child(inNamespaces(scratch)));
    try {
      await libvirt.#untilItAnswers();
    } catch (error) {
      await libvirt.end();
      throw error;
    }
    return libvirt;
  }

  /** What it has said, and the logs of its machines. */
  get log(): string {
    const directory = path.join(this.#scratch, 'log/libvirt/qemu');
    const logs = existsSync(directory) ? readdirSync(directory) : [];
    const texts = logs.map((name) => readFileSync(path.join(directory, name), 'utf8'));
    return [this.#daemon.output, ...texts].join('\n');
  }

  /** The sockets of virtio-fs daemons that it has made and not removed. */
  get shareSockets(): readonly string[] {
    const directory = path.join(this.#scratch, 'lib/libvirt/qemu');
    return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('-fs.sock'),
    );
  }

  /** Runs virsh, and returns what it prints. */
  async virsh(...words: string[]): Promise<string> {
    const uri = `qemu+unix:///system?socket=${this.#socket}`;
    const { stdout } = await promisify(execFile)('virsh', ['--quiet', '-c', uri, ...words], {
      timeout: 60_000,
    });
    return stdout.trim();
  }

  async end(): Promise<void> {
    // unshare passes nothing on, but takes the first process of the namespace, and so all, along.
    this.#daemon.kill('SIGKILL');
    await this.#daemon.endsWithin(10_000);
    await removeScratchDirectory(this.#scratch);
  }

  get #socket(): string {
    return path.join(this.#scratch, 'run/libvirt/libvirt-sock');
  }

  async #untilItAnswers(): Promise<void> {
    const deadline = Date.now() + startTimeoutMs;
    while (!this.#daemon.hasEnded && Date.now() < deadline) {
      if (existsSync(this.#socket)) return;
      await delay(50);
    }
    throw new Error(`libvirtd did not make its socket:\n${this.log}`);
  }
}

/** libvirt looks its packaged user up, whatever its configuration says. */
async function nameUsers(scratch: string): Promise<void> {
  const users = await readFile('/etc/passwd', 'utf8');
  const groups = await readFile('/etc/group', 'utf8');
  await writeFile(
    path.join(scratch, 'passwd'),
    `${users}libvirt-qemu:x:64055:64055::/:/bin/false\n`,
  );
  await writeFile(path.join(scratch, 'group'), `${groups}kvm:x:64054:\nlibvirt-qemu:x:64055:\n`);
}

/** The description that is packaged, for the program of this checkout. */
async function describeThisDaemon(file: string): Promise<void> {
  const packaged = path.join(projectRoot, 'packaging/vhost-user/60-vfsd.json');
  const text = await readFile(packaged, 'utf8');
  await writeFile(file, text.replace('/usr/bin/vfsd', path.join(projectRoot, 'bin/vfsd')));
}

function inNamespaces(scratch: string): string[] {
  // The shell stays, to reap what comes to the first process: libvirt waits until QEMU and the
  // daemon are no more, and a zombie is there.
  const script =
    'mount -t sysfs sysfs /sys || exit; for place in etc:/etc/libvirt lib:/var/lib log:/var/log cache:/var/cache run:/run ' +
    `passwd:/etc/passwd group:/etc/group descriptions:${descriptions}; do mount --bind "$1/\${place%%:*}" "\${place#*:}" || exit; done; ` +
    `${program} -f /etc/libvirt/libvirtd.conf & wait $!`;
  return [
    ...['setpriv', '--pdeathsig', 'KILL', '--'],
    ...['unshare', '--mount', '--propagation=private', '--net'],
    ...['--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script, 'sh', scratch],
  ];
}
