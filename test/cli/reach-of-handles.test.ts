// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { handlesStayInShare } from '../../src/cli/reach-of-handles.js';

t.test('whether a file handle can name something beside the share', async (t) => {
  const base = realpathSync(t.testdir({}));
  const share = join(base, 'a share');
  mkdirSync(join(share, 'below'), { recursive: true });
  mkdirSync(join(base, 'a share of another'));
  symlinkSync('a share', join(base, 'link'));
  const table = join(base, 'mountinfo');
  const escaped = (path: string): string => path.replaceAll(' ', '\\040');
  const stays = (mounts: readonly (readonly [string, string])[], path = share): boolean => {
    const lines = mounts.map(
      ([root, place], index) =>
        `${index + 20} 1 0:${index} ${root} ${escaped(place)} rw - tmpfs tmpfs rw`,
    );
    writeFileSync(table, `${lines.join('\n')}\n`);
    return handlesStayInShare(path, table);
  };
  const whole = ['/', '/'] as const;
  t.notOk(stays([whole]), 'a directory of a larger file system');
  t.ok(stays([whole], '/'));
  t.ok(stays([whole, ['/', share]]), 'a file system of its own');
  t.ok(stays([whole, ['/', share]], join(base, 'link')), 'whatever it is called');
  t.notOk(stays([whole, ['/srv', share]]), 'a bind mount');
  t.notOk(stays([whole, ['/', share], ['/srv', share]]), 'the mount on top counts');
  t.ok(stays([whole, ['/', share], ['/', `${share}/below`]]));
  t.notOk(stays([whole, ['/', share], ['/srv', `${share}/below`]]), 'a bind mount within');
  t.ok(stays([whole, ['/', share], ['/srv', `${share} of another`]]), 'only what is below');
});

t.test('the mounts of this machine can be read', async (t) => {
  t.type(handlesStayInShare('/proc'), 'boolean');
  t.notOk(handlesStayInShare('/proc/self'));
});
