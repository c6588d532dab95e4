// SPDX-License-Identifier: Apache-2.0
//
// A domain of libvirt, which starts the daemon, hands it a socket, and expects it to end with the
// machine.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import t, { type Test } from 'tap';

import { delay, makeScratchDirectory, removeScratchDirectory, within } from './child.js';
import { projectRoot } from './daemon.js';
import { guestImage } from './host.js';
import { Libvirt, lacksLibvirt } from './libvirt.js';
import { Session } from './session.js';

const bootTimeoutMs = 180_000;
const commandTimeoutMs = 60_000;

interface DomainOptions {
  readonly scratch: string;
  readonly directory: string;
  /** The elements of the share beside its source and target. */
  readonly share: string;
}

function domain({ scratch, directory, share }: DomainOptions): string {
  const image = guestImage();
  return `<domain type='qemu'>
  <name>guest</name>
  <memory unit='MiB'>768</memory>
  <vcpu>2</vcpu>
  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>${image.kernel}</kernel>
    <initrd>${image.initrd}</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 norandmaps vfsd.share=share vfsd.run=session</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'>
    <model>Nehalem</model><feature policy='disable' name='cx16'/>
  </cpu>
  <devices>
    <filesystem type='mount' accessmode='passthrough'>
      <driver type='virtiofs' queue='1024'/>
      ${share}
      <source dir='${directory}'/>
      <target dir='share'/>
    </filesystem>
    <serial type='file'><source path='${scratch}/console'/></serial>
    <channel type='unix'>
      <source mode='connect' path='${scratch}/session'/>
      <target type='virtio' name='session'/>
    </channel>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
`;
}

/** The launcher, which has the directory on its command line, and the worker below it. */
function processesOf(directory: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const launchers = pids.filter((pid) => readOf(pid, 'cmdline').includes(`=${directory}\0`));
  const workers = pids.filter((pid) => launchers.includes(parentOf(pid)));
  return [...launchers, ...workers].map(Number);
}

function parentOf(pid: string): string {
  return /^PPid:\t(\d+)$/m.exec(readOf(pid, 'status'))?.[1] ?? '';
}

/** Empty for a process that has ended since it was listed. */
function readOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

async function expectNothingLeft(t: Test, libvirt: Libvirt, processes: readonly number[]) {
  const left = () => processes.filter((pid) => existsSync(`/proc/${pid}`));
  for (let turn = 0; turn < 100 && left().length > 0; turn += 1) await delay(100);
  t.same(left(), [], 'no process of the daemon is left');
  t.same(libvirt.shareSockets, [], 'no socket of the daemon is left');
}

async function untilShutOff(libvirt: Libvirt): Promise<string> {
  for (let turn = 0; turn < 100; turn += 1) {
    if ((await libvirt.virsh('list', '--name')) === '') return 'shut off';
    await delay(100);
  }
  return libvirt.virsh('list', '--all');
}

/** Starts the domain, works on the share, and has `end` end the machine. */
async function expectDomainWorks(
  t: Test,
  libvirt: Libvirt,
  share: string,
  end: (session: Session) => Promise<void>,
): Promise<void> {
  // Not `domain`: libvirt 9.0 takes a path with domain-*/session in it for one of its own.
  const scratch = await makeScratchDirectory('machine');
  const directory = path.join(scratch, 'shared');
  await mkdir(directory);
  const session = await Session.listen(path.join(scratch, 'session'));
  const detail = () => [...session.lastLines, libvirt.log].join('\n');
  const run = (command: string) => within(commandTimeoutMs, command, session.run(command), detail);
  try {
    const file = path.join(scratch, 'domain.xml');
    await writeFile(file, domain({ scratch, directory, share }));
    await writeFile(path.join(directory, 'from-host'), 'of the host');
    const ready = within(bootTimeoutMs, "the guest's start", session.isReady(), detail);
    await Promise.all([ready, libvirt.virsh('create', file)]);

    const command = libvirt.log.split('\n').find((line) => line.includes(`source=${directory},`));
    t.match(
      command?.replace(/--fd=\d+/, '--fd=N'),
      `${projectRoot}/bin/vfsd --fd=N -o source=${directory},cache=always,xattr`,
      'libvirt has started this program with what the domain says',
    );
    const processes = processesOf(directory);
    t.equal(processes.length, 2, 'its launcher and its worker run');
    t.equal(libvirt.shareSockets.length, 1, 'on a socket that libvirt has made');
    const read = await run('cat /mnt/from-host');
    t.same(read, { status: 0, output: 'of the host' }, "the guest reads the host's file");
    const written = await run('echo of the guest >/mnt/from-guest');
    t.same(written, { status: 0, output: '' }, 'the guest writes a file');
    const found = await readFile(path.join(directory, 'from-guest'), 'utf8');
    t.equal(found, 'of the guest\n', "the host reads the guest's file");

    await end(session);
    t.equal(await untilShutOff(libvirt), 'shut off', 'the machine has ended');
    await expectNothingLeft(t, libvirt, processes);
  } finally {
    session.close();
    await removeScratchDirectory(scratch);
  }
}

const skip = lacksLibvirt();
// Made now if it is to be made, and not in the time that the machine has.
if (skip === false) guestImage();

await t.test('a domain of libvirt', { skip, timeout: 600_000 }, async (t) => {
  const libvirt = await Libvirt.start();
  const options = "xattr='on'><cache mode='always'/></binary>";
  try {
    await t.test('the domain names the program, and is destroyed', async (t) => {
      const share = `<binary path='${projectRoot}/bin/vfsd' ${options}`;
      await expectDomainWorks(t, libvirt, share, async () => {
        await libvirt.virsh('destroy', 'guest');
      });
    });
    await t.test('libvirt finds the program by its description, and the guest ends', async (t) => {
      await expectDomainWorks(t, libvirt, `<binary ${options}`, async (session) => {
        // The machine is gone before there is an answer.
        void session.run('poweroff -f');
        await Promise.resolve();
      });
    });
  } catch (error) {
    t.comment(libvirt.log);
    throw error;
  } finally {
    await libvirt.end();
  }
});
