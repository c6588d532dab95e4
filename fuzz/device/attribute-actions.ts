// SPDX-License-Identifier: Apache-2.0

/** Valid requests about attributes, extended attributes, listings and what the guest remembers. */

import { root } from '../../test/device/guest.js';
import { expectSame, expectTrue } from '../finding.js';
import type { ModelNode } from './model.js';
import type { Action, Actions, Play } from './play.js';

const XATTR_CREATE = 1;
const XATTR_REPLACE = 2;
const xattrNames = ['user.a', 'user.b', `user.${'n'.repeat(200)}`, 'user.ä'];
const largestValue = 300;

function someNode(play: Play): ModelNode {
  return play.random.pick(play.model.all());
}

/** Files and directories only: the kernel allows attributes of the class "user" to nothing else. */
function someCarrier(play: Play): ModelNode {
  return play.random.pick([...play.model.ofKind('file'), ...play.model.ofKind('directory')]);
}

const getattr: Action = (play) => {
  const node = someNode(play);
  play.note('getattr');
  const reply = play.guest.getattr(play.reach(node));
  play.expectStatus('GETATTR', reply, 'OK');
  play.checkAttributes(node, reply.attributes);
};

const chmod: Action = (play) => {
  const node = someNode(play);
  if (node.kind === 'symlink') return;
  const mode = play.random.pick([0o777, 0o700, 0o640, 0o444, 0]);
  play.note(`chmod ${mode.toString(8)}`);
  const reply = play.guest.setattr(play.reach(node), { mode });
  play.expectStatus('SETATTR of the mode', reply, 'OK');
  node.mode = mode;
  play.checkAttributes(node, reply.attributes);
};

const chown: Action = (play) => {
  if (!play.abilities.owners) return;
  const node = someNode(play);
  const [uid, gid] = [play.random.pick([0, 1, 1000]), play.random.pick([0, 5, 1000])];
  play.note(`chown ${uid}:${gid}`);
  const reply = play.guest.setattr(play.reach(node), { uid, gid });
  play.expectStatus('SETATTR of the owner', reply, 'OK');
  node.uid = uid;
  node.gid = gid;
  play.checkAttributes(node, reply.attributes);
};

const setTimes: Action = (play) => {
  const node = someNode(play);
  const mtime = BigInt(play.random.below(0x7fff_ffff));
  play.note(`set the time to ${mtime}`);
  const reply = play.guest.setattr(play.reach(node), { mtime, mtimeNs: 0 });
  play.expectStatus('SETATTR of the times', reply, 'OK');
  expectSame('the time', reply.attributes.mtime, mtime);
};

const statfs: Action = (play) => {
  play.note('statfs');
  play.expectStatus('STATFS', play.guest.statfs(play.reach(someNode(play))), 'OK');
};

const setXattr: Action = (play) => {
  if (!play.abilities.xattr) return;
  const { random } = play;
  const node = someCarrier(play);
  const name = random.pick(xattrNames);
  const value = random.bytes(random.below(largestValue));
  const flags = random.pick([0, 0, XATTR_CREATE, XATTR_REPLACE]);
  play.note(`set an attribute of ${value.length}, flags ${flags}`);
  const reply = play.guest.setxattr(play.reach(node), name, value, flags);
  const isThere = node.xattrs.has(name);
  if (flags === XATTR_CREATE && isThere) play.expectStatus('SETXATTR', reply, 'EEXIST');
  else if (flags === XATTR_REPLACE && !isThere) play.expectStatus('SETXATTR', reply, 'ENODATA');
  else {
    play.expectStatus('SETXATTR', reply, 'OK');
    node.xattrs.set(name, value);
  }
};

const getXattr: Action = (play) => {
  if (!play.abilities.xattr) return;
  const node = someCarrier(play);
  const name = play.random.pick(xattrNames);
  const size = play.random.oneIn(3) ? 0 : play.random.below(2 * largestValue);
  play.note(`get an attribute, size ${size}`);
  const reply = play.guest.getxattr(play.reach(node), name, size);
  const value = node.xattrs.get(name);
  if (value === undefined) play.expectStatus('GETXATTR', reply, 'ENODATA');
  else if (size === 0) expectSame('the length of the value', reply.count, value.length);
  else if (size < value.length) play.expectStatus('GETXATTR', reply, 'ERANGE');
  else {
    play.expectStatus('GETXATTR', reply, 'OK');
    expectTrue('the value is what was set', reply.payload.equals(value));
  }
};

const listXattr: Action = (play) => {
  if (!play.abilities.xattr) return;
  const node = someCarrier(play);
  play.note('list attributes');
  const reply = play.guest.listxattr(play.reach(node), 4096);
  play.expectStatus('LISTXATTR', reply, 'OK');
  const listed = reply.payload.toString('utf8').split('\0');
  const own = listed.filter((name) => name.startsWith('user.'));
  expectSame('the attributes', own.sort(), [...node.xattrs.keys()].sort());
};

const removeXattr: Action = (play) => {
  if (!play.abilities.xattr) return;
  const node = someCarrier(play);
  const name = play.random.pick(xattrNames);
  play.note('remove an attribute');
  const reply = play.guest.removexattr(play.reach(node), name);
  play.expectStatus('REMOVEXATTR', reply, node.xattrs.delete(name) ? 'OK' : 'ENODATA');
};

/** Lists a directory in pieces, with the attributes of its entries or without. */
function listDirectory(play: Play, directory: ModelNode, plus: boolean): void {
  const id = play.reach(directory);
  const opened = play.guest.opendir(id);
  play.expectStatus('OPENDIR', opened, 'OK');
  const { handle } = opened;
  const seen: string[] = [];
  for (let offset = 0n; ;) {
    // The longest name needs 128 + 24 + 255 bytes, in eights.
    const size = play.random.between(416, 4096);
    const reply = play.guest.readdir(id, handle, offset, size, plus);
    play.expectStatus('READDIR', reply, 'OK');
    const entries = reply.directoryEntries(plus);
    if (entries.length === 0) break;
    for (const { name, entry, offset: next } of entries) {
      offset = next;
      if (name === '.' || name === '..') continue;
      seen.push(name);
      const node = directory.entries.get(name);
      if (node !== undefined && entry !== null && entry.node !== 0n) play.learnEntry(node, entry);
    }
  }
  expectSame('the listing', seen.sort(), [...directory.entries.keys()].sort());
  play.expectStatus('RELEASEDIR', play.guest.releasedir(id, handle), 'OK');
}

const list: Action = (play) => {
  const plus = play.random.oneIn(2);
  play.note(plus ? 'list with attributes' : 'list');
  listDirectory(play, play.model.someDirectory(play.random), plus);
};

/** Forgets what is not open: its nodeid is void afterwards, and a lookup finds it again. */
const forget: Action = (play) => {
  const node = someNode(play);
  const id = node.node;
  if (id === null || node.handles.length > 0) return;
  play.note('forget');
  play.forget(node);
  const reply = play.guest.getattr(id);
  expectTrue('a nodeid that was forgotten is void', reply.status !== 'OK');
  play.reach(node);
};

/** A FORGET of fewer lookups than there were leaves the node what it was. */
const forgetSome: Action = (play) => {
  const node = someNode(play);
  if (node.node === null || node.lookups < 2) return;
  const count = play.random.between(1, node.lookups - 1);
  play.note(`forget ${count} of ${node.lookups}`);
  play.driver.hiprio.forget(node.node, count);
  node.lookups -= count;
  play.expectStatus('GETATTR', play.guest.getattr(node.node), 'OK');
};

const forgetRoot: Action = (play) => {
  play.note('forget the root');
  play.driver.hiprio.forget(root, play.random.u64());
  play.driver.checkQueues([play.driver.someQueue(play.random)]);
};

export const attributeActions: Actions = [
  [6, getattr],
  [3, chmod],
  [2, chown],
  [2, setTimes],
  [1, statfs],
  [4, setXattr],
  [4, getXattr],
  [2, listXattr],
  [2, removeXattr],
  [5, list],
  [4, forget],
  [2, forgetSome],
  [1, forgetRoot],
];
