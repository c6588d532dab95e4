// SPDX-License-Identifier: Apache-2.0

// Maps of ids: who the guest's users are on the host.

import {
  chmodSync,
  chownSync,
  existsSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { getuid } from 'node:process';
import t, { type Test } from 'tap';
import { Capability, capabilityMask } from '../../src/sandbox/capabilities.js';
import { DaemonProcess, Workplace } from './daemon.js';
import { root } from './guest.js';
import { Machine } from './machine.js';
import { processTree, threadsOf } from './process-tree.js';

const nobody = 65534;
const firstGranted = 300_000;
const granted = 65_536;

/** What this test needs of the machine; false: everything is there. */
function missing(): string | false {
  if (getuid?.() !== 0) return 'not root';
  const needed = ['/usr/bin/newuidmap', '/usr/bin/newgidmap', '/etc/subuid', '/etc/subgid'];
  return needed.find((path) => !existsSync(path))?.concat(' is missing') ?? false;
}

/**
 * In front of the command: makes it another user, to whom subordinate ids are granted. The grants are seen in a mount
 * namespace of its own only, so that the machine's files stay as they are.
 */
function asOrdinaryUser(workplace: Workplace): string[] {
  const grants = `${workplace.path}/grants`;
  writeFileSync(grants, `${nobody}:${firstGranted}:${granted}\n`);
  const script =
    'mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift && exec "$@"';
  return [
    ...['unshare', '--mount', 'sh', '-c', script, 'sh', grants],
    ...['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'],
  ];
}

function furnish(owner: number): Workplace {
  const workplace = new Workplace();
  writeFileSync(`${workplace.share}/file`, 'content');
  chmodSync(workplace.path, 0o755);
  for (const path of [workplace.path, workplace.share, `${workplace.share}/file`]) {
    chownSync(path, owner, owner);
  }
  return workplace;
}

interface Expectation {
  readonly wrapper?: readonly string[];
  readonly options: readonly string[];
  /** As /proc shows it. */
  readonly map: readonly (readonly number[])[];
  /** As whom the launcher and the worker run, seen from outside. */
  readonly launcher: number;
  readonly worker: number;
  readonly launcherKeeps: bigint;
}

async function check(t: Test, workplace: Workplace, expected: Expectation): Promise<void> {
  const { options, wrapper = [] } = expected;
  const daemon = new DaemonProcess(workplace, { options, wrapper });
  t.teardown(async () => {
    await daemon.dispose();
  });
  await daemon.ready();
  const machine = new Machine(await daemon.connect());
  t.equal(machine.guest.init().status, 'OK');
  const [launcher = 0, worker = 0] = processTree(daemon.pid);
  t.not(readlinkSync(`/proc/${worker}/ns/user`), readlinkSync('/proc/self/ns/user'));
  for (const kind of ['uid', 'gid']) {
    const lines = readFileSync(`/proc/${worker}/${kind}_map`, 'utf8').trim().split('\n');
    t.strictSame(
      lines.map((line) => line.trim().split(/\s+/).map(Number)),
      expected.map,
      `${kind}_map`,
    );
  }
  for (const { pid, fields } of threadsOf([launcher, worker])) {
    const id = pid === launcher ? expected.launcher : expected.worker;
    for (const name of ['Uid', 'Gid']) {
      t.equal(fields.get(name)?.trim(), Array<number>(4).fill(id).join('\t'), name);
    }
    if (pid === worker) t.equal(fields.get('Groups')?.trim(), '', 'no supplementary groups');
    else t.equal(BigInt(`0x${fields.get('CapPrm') ?? 'ff'}`), expected.launcherKeeps);
  }
  const { guest } = machine;
  const { node } = guest.lookup(root, 'file');
  t.equal(guest.read(node, guest.open(node, 2).handle, 0, 10).text, 'content');
  const made = guest.create(root, 'new', 0o102, 0o644);
  t.equal(made.status, 'OK');
  t.equal(statSync(`${workplace.share}/new`).uid, expected.worker, "the guest's root");
  const given = guest.setattr(guest.lookup(root, 'new').node, { uid: 1, gid: 2 });
  t.equal(given.status, 'OK', 'the guest gives it to another of its users');
  const [, other = []] = expected.map;
  const [inside = 0, host = 0] = other.length > 0 ? other : (expected.map[0] ?? []);
  const { uid, gid } = statSync(`${workplace.share}/new`);
  t.strictSame([uid, gid], [host + 1 - inside, host + 2 - inside]);
  machine.close();
  t.strictSame(await daemon.stop(), { code: 0, signal: null }, 'signals reach the worker');
  t.notOk(existsSync(workplace.socket));
}

const skip = missing();
const kill = capabilityMask(Capability.KILL);

t.test('an ordinary user is root in the guest, and has other users there', { skip }, async (t) => {
  const workplace = furnish(nobody);
  const others = [1, firstGranted, granted - 1];
  const maps = ['uid', 'gid'].flatMap((kind) => [
    `--${kind}-map=:0:${nobody}:1:`,
    `--${kind}-map=:${others.join(':')}:`,
  ]);
  await check(t, workplace, {
    wrapper: asOrdinaryUser(workplace),
    options: maps,
    map: [[0, nobody, 1], others],
    ...{ launcher: nobody, worker: nobody, launcherKeeps: kill },
  });
});

t.test('an ordinary user is nobody in the guest', { skip }, async (t) => {
  const workplace = furnish(firstGranted);
  chownSync(workplace.path, nobody, nobody);
  const map = [0, firstGranted, granted];
  await check(t, workplace, {
    wrapper: asOrdinaryUser(workplace),
    options: [`--uid-map=:${map.join(':')}:`, `--gid-map=:${map.join(':')}:`],
    map: [map],
    ...{ launcher: nobody, worker: firstGranted, launcherKeeps: kill },
  });
});

t.test('root may leave the guest nothing of its own', { skip }, async (t) => {
  const workplace = furnish(firstGranted);
  const map = [0, firstGranted, granted];
  await check(t, workplace, {
    options: [`--uid-map=:${map.join(':')}:`, `--gid-map=:${map.join(':')}:`],
    map: [map],
    launcher: 0,
    worker: firstGranted,
    // The socket lies in a directory of another user.
    launcherKeeps: capabilityMask(Capability.DAC_OVERRIDE),
  });
});

t.test('what is not granted is not started', { skip }, async (t) => {
  const workplace = furnish(nobody);
  const daemon = new DaemonProcess(workplace, {
    wrapper: asOrdinaryUser(workplace),
    options: [`--uid-map=:0:${firstGranted + 1}:${granted}:`],
  });
  t.strictSame(await daemon.exited, { code: 1, signal: null });
  t.match(
    daemon.output,
    /^vfsd: error: cannot use --uid-map=.*\/etc\/subuid has no line such as [^\n]*\n$/,
  );
  t.notOk(existsSync(workplace.socket));
  workplace.remove();
});
