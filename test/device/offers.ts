// SPDX-License-Identifier: Apache-2.0

/** What a daemon does for a guest, asked of the daemon itself: the INIT flags it agrees to, the opcodes it knows. */

import { DaemonProcess, Workplace } from './daemon.js';
import { Op, root, type Guest } from './guest.js';
import { Machine } from './machine.js';

export type Command = (workplace: Workplace) => readonly string[];

/** They have no reply, or belong to the session. */
export const unanswered = new Set<number>([
  Op.FORGET,
  Op.BATCH_FORGET,
  Op.INTERRUPT,
  Op.INIT,
  Op.DESTROY,
  41,
]);
const lastOpcode = 53;

// INIT flags.
const posixLocks = 1 << 1;
const flockLocks = 1 << 10;

// Bytes in front of names, and how many names. What is not here takes none.
const nameRequests = new Map<number, readonly [fixed: number, names: number]>([
  [Op.LOOKUP, [0, 1]],
  [Op.SYMLINK, [0, 2]],
  [Op.MKNOD, [16, 1]],
  [Op.MKDIR, [8, 1]],
  [Op.UNLINK, [0, 1]],
  [Op.RMDIR, [0, 1]],
  [Op.RENAME, [8, 2]],
  [Op.LINK, [8, 1]],
  [Op.SETXATTR, [8, 1]],
  [Op.GETXATTR, [8, 1]],
  [Op.REMOVEXATTR, [0, 1]],
  [Op.CREATE, [16, 1]],
  [Op.RENAME2, [16, 2]],
  [Op.TMPFILE, [16, 1]],
]);
// As long as the longest of the others needs it.
const restBody = Buffer.alloc(128);

function body(opcode: number): Buffer {
  const shape = nameRequests.get(opcode);
  if (shape === undefined) return restBody;
  const [fixed, names] = shape;
  return Buffer.concat([Buffer.alloc(fixed), Buffer.from('name\0'.repeat(names))]);
}

function isKnown(guest: Guest, opcode: number): boolean {
  return guest.request(opcode, root, body(opcode)).status !== 'ENOSYS';
}

/** Starts a daemon, asks it, and ends it. */
async function ask<T>(command: Command, question: (guest: Guest) => T): Promise<T> {
  const workplace = new Workplace();
  const daemon = new DaemonProcess(workplace, { command: command(workplace) });
  try {
    const machine = new Machine(await daemon.connect());
    try {
      return question(machine.guest);
    } finally {
      machine.close();
    }
  } finally {
    await daemon.dispose();
  }
}

/** What is agreed on with a guest that can do everything. */
export async function agreedFlags(command: Command): Promise<bigint> {
  return ask(command, (guest) => {
    guest.init();
    return guest.agreed;
  });
}

/** The opcodes that are answered, whatever with, but not with ENOSYS. */
export async function knownOpcodes(command: Command): Promise<ReadonlySet<number>> {
  return ask(command, (guest) => {
    // With no other flag than a condition of opcodes, so that requests are as short as they can be.
    guest.init(38, posixLocks | flockLocks, 0);
    const all = Array.from({ length: lastOpcode }, (_, index) => index + 1);
    return new Set(all.filter((opcode) => !unanswered.has(opcode) && isKnown(guest, opcode)));
  });
}
