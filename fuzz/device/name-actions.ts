// SPDX-License-Identifier: Apache-2.0

/** Valid requests about names, with the answers that Linux gives. */

import { expectSame } from '../finding.js';
import { Op, type Caller } from '../../test/device/guest.js';
import type { Reply } from '../../test/device/fuse-reply.js';
import { u32 } from '../../test/device/vhost-user-message.js';
import { ModelNode, type Kind } from './model.js';
import { shown, type Action, type Actions, type Play } from './play.js';

const O_RDWR = 2;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const S_IFREG = 0o100000;
const S_IFIFO = 0o010000;

const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;

const someCallers: readonly Caller[] = [
  { uid: 0, gid: 0 },
  { uid: 1000, gid: 1000 },
  { uid: 65534, gid: 100 },
];

/** Makes something new where there is nothing; EEXIST where there is. */
function make(play: Play, kind: Kind, request: (parent: bigint, made: Making) => Reply): void {
  const { model, random } = play;
  const directory = model.someDirectory(random);
  const name = random.oneIn(4) ? model.someName(directory, random) : model.newName(random);
  const mode = kind === 'symlink' ? 0o777 : random.pick([0o644, 0o600, 0o777, 0o755, 0]);
  const caller = play.abilities.owners ? random.pick(someCallers) : { uid: 0, gid: 0 };
  play.note(`make a ${kind} ${shown(name)}`);
  const made = { name, mode, caller };
  const reply = request(play.reach(directory), made);
  if (directory.entries.has(name)) {
    play.expectStatus(`making a ${kind} that exists`, reply, 'EEXIST');
    return;
  }
  play.expectStatus(`making a ${kind}`, reply, 'OK');
  const node = new ModelNode(kind, mode);
  node.uid = caller.uid;
  node.gid = caller.gid;
  if (kind === 'symlink') node.target = linkTarget;
  model.place(directory, name, node);
  play.learn(node, reply);
  if (reply.payload.length === 144) {
    node.handles.push({ handle: reply.handle, canRead: true, canWrite: true });
  }
}

interface Making {
  readonly name: string;
  readonly mode: number;
  readonly caller: Caller;
}

const linkTarget = '../../somewhere/else';

const create: Action = (play) => {
  const flags = O_RDWR | O_CREAT | O_EXCL;
  make(play, 'file', (parent, { name, mode, caller }) =>
    play.guest.create(parent, name, flags, S_IFREG | mode, caller),
  );
};

const mkdir: Action = (play) => {
  make(play, 'directory', (parent, { name, mode, caller }) =>
    play.guest.mkdir(parent, name, mode, caller),
  );
};

const symlink: Action = (play) => {
  make(play, 'symlink', (parent, { name, caller }) =>
    play.guest.symlink(parent, name, linkTarget, caller),
  );
};

const mknod: Action = (play) => {
  const [kind, type] = play.random.oneIn(2)
    ? (['fifo', S_IFIFO] as const)
    : (['file', S_IFREG] as const);
  make(play, kind, (parent, { name, mode, caller }) =>
    play.guest.mknod(parent, name, type | mode, 0, caller),
  );
};

const lookup: Action = (play) => {
  const { model, random } = play;
  const directory = model.someDirectory(random);
  const name = model.someName(directory, random);
  play.note(`look up ${shown(name)}`);
  const reply = play.guest.lookup(play.reach(directory), name);
  const node = directory.entries.get(name);
  if (node !== undefined) play.learn(node, reply);
  // A nodeid of 0 says the same, with a time for which it holds.
  else if (reply.status !== 'OK' || reply.node !== 0n) {
    play.expectStatus('LOOKUP of nothing', reply, 'ENOENT');
  }
};

const readlink: Action = (play) => {
  const links = play.model.ofKind('symlink');
  if (links.length === 0) return;
  const link = play.random.pick(links);
  play.note('read a link');
  const reply = play.guest.request(Op.READLINK, play.reach(link), u32());
  play.expectStatus('READLINK', reply, 'OK');
  expectSame('the target of the link', reply.text, link.target);
};

const link: Action = (play) => {
  const { model, random } = play;
  const files = model.ofKind('file');
  if (files.length === 0) return;
  const node = random.pick(files);
  const directory = model.someDirectory(random);
  const name = model.newName(random);
  play.note(`link ${shown(name)}`);
  const id = play.reach(node);
  const reply = play.guest.link(id, play.reach(directory), name);
  if (directory.entries.has(name)) {
    play.expectStatus('LINK over something', reply, 'EEXIST');
    return;
  }
  play.expectStatus('LINK', reply, 'OK');
  model.place(directory, name, node);
  play.learn(node, reply);
};

const unlink: Action = (play) => {
  const { model, random } = play;
  const directory = model.someDirectory(random);
  const name = model.someName(directory, random);
  const node = directory.entries.get(name);
  play.note(`unlink ${shown(name)}`);
  const reply = play.guest.unlink(play.reach(directory), name);
  if (node === undefined) play.expectStatus('UNLINK of nothing', reply, 'ENOENT');
  else if (node.kind === 'directory') {
    play.expectStatus('UNLINK of a directory', reply, 'EISDIR');
  } else {
    play.expectStatus('UNLINK', reply, 'OK');
    model.displace(directory, name);
    play.settleRemoved();
  }
};

const rmdir: Action = (play) => {
  const { model, random } = play;
  const directory = model.someDirectory(random);
  const name = model.someName(directory, random);
  const node = directory.entries.get(name);
  play.note(`rmdir ${shown(name)}`);
  const reply = play.guest.rmdir(play.reach(directory), name);
  if (node === undefined) play.expectStatus('RMDIR of nothing', reply, 'ENOENT');
  else if (node.kind !== 'directory') {
    play.expectStatus('RMDIR of what is no directory', reply, 'ENOTDIR');
  } else if (node.entries.size > 0) {
    play.expectStatus('RMDIR of a full directory', reply, 'ENOTEMPTY');
  } else {
    play.expectStatus('RMDIR', reply, 'OK');
    model.displace(directory, name);
    play.settleRemoved();
  }
};

interface Renaming {
  readonly from: ModelNode;
  readonly name: string;
  readonly to: ModelNode;
  readonly newName: string;
  readonly flags: number;
}

/** renameat2(2), in the order in which Linux looks at things. */
function renameStatus({ from, name, to, newName, flags }: Renaming): string {
  const node = from.entries.get(name);
  const target = to.entries.get(newName);
  if (node === undefined) return 'ENOENT';
  if ((flags & RENAME_NOREPLACE) !== 0 && target !== undefined) return 'EEXIST';
  const exchanges = (flags & RENAME_EXCHANGE) !== 0;
  if (exchanges && target === undefined) return 'ENOENT';
  if (node.contains(to)) return 'EINVAL';
  if (target?.contains(from) === true) return exchanges ? 'EINVAL' : 'ENOTEMPTY';
  if (target === undefined || node === target || exchanges) return 'OK';
  if (node.kind === 'directory' && target.kind !== 'directory') return 'ENOTDIR';
  if (node.kind !== 'directory' && target.kind === 'directory') return 'EISDIR';
  return target.entries.size > 0 ? 'ENOTEMPTY' : 'OK';
}

function applyRename(play: Play, { from, name, to, newName, flags }: Renaming): void {
  const { model } = play;
  const node = from.entries.get(name);
  const target = to.entries.get(newName);
  if (node === undefined || node === target) return;
  model.displace(from, name);
  if (target !== undefined) model.displace(to, newName);
  model.place(to, newName, node);
  if (target !== undefined && (flags & RENAME_EXCHANGE) !== 0) model.place(from, name, target);
  model.removed = model.removed.filter(({ places }) => places.length === 0);
  play.settleRemoved();
}

const rename: Action = (play) => {
  const { model, random } = play;
  const from = model.someDirectory(random);
  const to = model.someDirectory(random);
  const renaming: Renaming = {
    ...{ from, to },
    name: model.someName(from, random),
    newName: model.someName(to, random),
    flags: random.pick([0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE]),
  };
  const { name, newName, flags } = renaming;
  play.note(`rename ${shown(name)} to ${shown(newName)}, flags ${flags}`);
  const [parent, newParent] = [play.reach(from), play.reach(to)];
  const reply =
    flags === 0 && random.oneIn(2)
      ? play.guest.rename(parent, name, newParent, newName)
      : play.guest.rename2(parent, name, newParent, newName, flags);
  const status = renameStatus(renaming);
  play.expectStatus('RENAME', reply, status);
  if (status === 'OK') applyRename(play, renaming);
};

export const nameActions: Actions = [
  [10, create],
  [6, mkdir],
  [3, symlink],
  [3, mknod],
  [8, lookup],
  [2, readlink],
  [4, link],
  [5, unlink],
  [3, rmdir],
  [8, rename],
];
