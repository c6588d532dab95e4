import { constants } from 'node:fs';
import { Machine } from './machine.js';
import { root } from './guest.js';
import { native } from './native.js';
const machine = new Machine(native.connect(process.argv[2] ?? ''), {});
const { guest } = machine;
guest.init();
const { node } = guest.lookup(root, 'big');
const { handle } = guest.open(node, constants.O_RDWR);
const end = Date.now() + Number(process.argv[3]) * 1000;
for (let i = 0; Date.now() < end; i++) {
  guest.getattr(node);
  if (i % 3 === 0) guest.read(node, handle, (i % 500) * 65536, 65536);
  if (i % 500 === 0) guest.lookup(root, 'missing');
  if (Math.floor(i / 20000) % 2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
machine.close();
