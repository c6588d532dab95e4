// SPDX-License-Identifier: Apache-2.0

// The same --xattrmap means the same to virtiofsd, as far as a guest can see: who changes the daemon keeps the rules.
// Skipped where that is not installed; VFSD_PEERS may name a directory with it, as for the benchmark.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { DaemonProcess, vfsdCommand, Workplace } from './daemon.js';
import { root, type Guest } from './guest.js';
import { hostXattrs, setHostXattr } from './host-xattrs.js';
import { Machine } from './machine.js';

type Command = (workplace: Workplace, rules: string) => readonly string[];

const places = [`${process.env['VFSD_PEERS'] ?? '.'}/virtiofsd-rust`, '/usr/libexec/virtiofsd'];

const ruleSets = {
  'a prefix for all': ':prefix:all::user.virtiofs.::bad:all:::',
  'a prefix for some':
    '/prefix/all/trusted./user.virtiofs./ /bad/server//trusted./ ' +
    '/bad/client/user.virtiofs.// /ok/all///',
  'the short form for all': ':map::user.virtiofs.:',
  'the short form for some': ':map:trusted.:user.virtiofs.:',
  'a prefix for what the guest uses': ':prefix:client:trusted.:user.virtiofs.::ok:all:::',
  'a prefix for what the host lists': ':prefix:server::user.virtiofs.::ok:all:::',
  'names that are refused':
    '/bad/all/security./security./ /unsupported/all/user.un/user.un/ /ok/all///',
  'keys and prepends that differ': '/ok/all/user.a/user.b/ /bad/all/user.b/user.a/ /ok/all///',
};

const namesOfTheGuest = [
  'user.a',
  'user.b',
  'user.un.x',
  'user.virtiofs.trusted.x',
  'trusted.x',
  'security.x',
  'unknown.x',
  `user.${'n'.repeat(240)}`,
];
const namesOfTheHost = ['user.host', 'user.a.host', 'user.virtiofs.user.host', 'security.host'];

/** What a guest is answered, and what the host has in the end. */
function conversation(guest: Guest, path: string): unknown {
  const { node } = guest.lookup(root, 'file');
  const answers = namesOfTheGuest.map((name) => {
    const set = guest.setxattr(node, name, name).status;
    const length = guest.getxattr(node, name, 0).status;
    const { status, payload } = guest.getxattr(node, name, 255);
    return { name, set, length, status, value: payload.toString('latin1') };
  });
  const stored = hostXattrs(path);
  // The length alone is not compared: for virtiofsd it is that of the host's names, hidden ones with them.
  const listed = guest.listxattr(node, 4096).text.split('\0').sort();
  const removed = namesOfTheGuest.map((name) => guest.removexattr(node, name).status);
  return { answers, stored, listed, removed, left: hostXattrs(path) };
}

async function converse(command: Command, rules: string): Promise<unknown> {
  const workplace = new Workplace();
  const path = join(workplace.share, 'file');
  writeFileSync(path, '');
  for (const name of namesOfTheHost) setHostXattr(path, name, 'of the host');
  const daemon = new DaemonProcess(workplace, { command: command(workplace, rules) });
  try {
    const machine = new Machine(await daemon.connect());
    try {
      machine.guest.init();
      return conversation(machine.guest, path);
    } finally {
      machine.close();
    }
  } finally {
    await daemon.dispose();
  }
}

const vfsd: Command = ({ share, socket }, rules) => [
  vfsdCommand,
  `--shared-dir=${share}`,
  `--socket-path=${socket}`,
  `--xattrmap=${rules}`,
];

const program = places.find((place) => existsSync(place));
const skip =
  program === undefined
    ? `virtiofsd is not installed (${places.join(', ')})`
    : process.getuid?.() !== 0 && 'not root, who alone may set the attributes of the host';

const peer: Command = ({ share, socket }, rules) => [
  ...[program ?? '', `--shared-dir=${share}`, `--socket-path=${socket}`],
  ...[`--xattrmap=${rules}`, '--inode-file-handles=never'],
];

t.test('the answers are those of virtiofsd', { skip }, async (t) => {
  for (const [what, rules] of Object.entries(ruleSets)) {
    t.strictSame(await converse(vfsd, rules), await converse(peer, rules), what);
  }
});
