// SPDX-License-Identifier: Apache-2.0
//
// overlayfs in the guest, with its upper layer and its work directory on a share.

import t, { type Test } from 'tap';

import { Guest } from './boot.js';
import { Daemon, type DaemonOptions } from './daemon.js';

interface Layer {
  readonly share: DaemonOptions;
  /** For overlayfs. */
  readonly mountOptions?: string;
}

const trustedBelowUser = '--xattrmap=:prefix:all:trusted.:user.vfsd.::ok:all:::';

const layers: Readonly<Record<string, Layer>> = {
  privileged: { share: { cache: 'auto', options: ['--modcaps=+sys_admin'] } },
  mapped: { share: { cache: 'auto', options: [trustedBelowUser] } },
  userxattr: { share: { cache: 'auto' }, mountOptions: ',userxattr' },
  ordinary: { share: { cache: 'auto', asOrdinaryUser: true, options: [trustedBelowUser] } },
};

const makeLower =
  'mkdir -p /lower && cd /lower && mkdir -p kept/below gone opaque moved && ' +
  'echo text >file && ln file hard && ln -s file link && mknod device c 1 3 && mkfifo fifo && ' +
  'echo a >gone/a && echo b >opaque/b && echo c >moved/c && echo d >kept/below/d && ' +
  'echo e >doomed && chmod 4755 kept/below/d && chmod 1777 kept && cd /';

/** What makes copies of lower things, hides them, and puts others in their places. */
const change =
  'set -e; cd /merged; echo more >>file; echo more >>hard; chmod 700 kept; ' +
  'touch -h -d @1000000000 link; chmod 600 fifo; ' +
  'rm doomed; rm -r gone; rm -r opaque; mkdir opaque; mv moved moved-away; ' +
  'echo new >new; ln new new-hard; mv new doomed; mkdir -p deep/er; ln -s nowhere dangling; ' +
  'chmod 755 kept/below/d; rm link; ln -s elsewhere link';

/** A copy of a device node is a device node, which only root of the host can make. */
const changeDevice = 'chmod 600 /merged/device';

const show =
  'cd /merged && find . | sort | while read -r name; do ' +
  'stat -c "%n %F %a %h %N" "$name"; [ ! -f "$name" ] || cat "$name"; done; cd /';

await t.test('overlayfs has its upper layer on a share', async (t) => {
  const daemons = new Map<string, Daemon>();
  try {
    for (const [tag, { share }] of Object.entries(layers)) {
      daemons.set(tag, await Daemon.start(share));
    }
    const sockets = Object.fromEntries([...daemons].map(([tag, { socket }]) => [tag, socket]));
    const { privileged, ...others } = sockets;
    const guest = await Guest.boot({ socket: privileged ?? '', shares: others });
    try {
      await guest.load('overlay');
      await guest.run(`${makeLower}; mkdir /merged /upper; mount --move /mnt /upper`);
      const wanted = await outcomeOnTmpfs(guest);
      for (const [tag, layer] of Object.entries(layers)) {
        if (tag !== 'privileged') await guest.run(`mount -t virtiofs ${tag} /upper`);
        await t.test(tag, (t) => expectOverlay(t, guest, wanted, layer));
        await guest.run('umount /merged; umount /upper');
      }
    } finally {
      await guest.end();
    }
  } finally {
    for (const [tag, daemon] of daemons) t.ok(await daemon.stop(), `the daemon of ${tag} ends`);
  }
});

function mountOverlay(upper: string, options: string): string {
  return (
    `mkdir -p ${upper}/up ${upper}/work && mount -t overlay overlay ` +
    `-o lowerdir=/lower,upperdir=${upper}/up,workdir=${upper}/work${options} /merged`
  );
}

/** What the same changes lead to where all layers are local. */
async function outcomeOnTmpfs(guest: Guest): Promise<string> {
  await guest.run(mountOverlay('/tmp', ''));
  await guest.run(`(${change}); ${changeDevice}`);
  const { output } = await guest.run(show);
  await guest.run('umount /merged');
  return output;
}

async function expectOverlay(
  t: Test,
  guest: Guest,
  wantedWithDevice: string,
  layer: Layer,
): Promise<void> {
  const hasDevices = layer.share.asOrdinaryUser !== true;
  const shown = async (): Promise<string[]> => entries((await guest.run(show)).output, hasDevices);
  const wanted = entries(wantedWithDevice, hasDevices);
  const mount = mountOverlay('/upper', layer.mountOptions ?? '');
  await guest.run('dmesg -c');
  t.same(await guest.run(mount), { status: 0, output: '' }, 'it is mounted');
  t.same(await guest.run(`(${change})`), { status: 0, output: '' }, 'things are changed in it');
  const device = await guest.run(changeDevice);
  t.equal(device.status === 0, hasDevices, 'a device node is copied, where root shares');
  t.same(await shown(), wanted, 'it shows the changes');
  await guest.run('umount /merged');
  t.same(await guest.run(mount), { status: 0, output: '' }, 'it is mounted again');
  t.same(await shown(), wanted, 'the changes have stayed');
  const { output } = await guest.run('dmesg | grep -i overlay');
  t.equal(output, '', 'the kernel has nothing to say about it');
}

function entries(output: string, hasDevices: boolean): string[] {
  return output.split('\n').filter((line) => hasDevices || !line.startsWith('./device '));
}
