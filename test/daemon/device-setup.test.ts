// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { parseArguments } from '../../src/cli/parse-arguments.js';
import { validate } from '../../src/config/validate.js';
import { deviceSetup } from '../../src/daemon/device-setup.js';
import type { DeviceSetup } from '../../src/native/types.js';

async function setupOf(...args: string[]): Promise<DeviceSetup> {
  const config = validate(await parseArguments(['--shared-dir=/srv', '--fd=9', ...args]));
  const found = {
    inodeFileHandles: 'prefer',
    capabilities: '0',
    notifies: false,
    watchdogUs: null,
    logsToSocket: false,
    logFormat: 'text',
  } as const;
  return deviceSetup({ ...config, ...found }, { guestFdLimit: 1000, memorySlots: 32 });
}

t.test('what the data plane is told', async (t) => {
  t.same(await setupOf(), {
    root: 7,
    procSelfFd: 6,
    requestQueues: 8,
    followers: 8,
    pollLimitNs: 50_000,
    slowRequestNs: 0n,
    cache: 'auto',
    entryTimeoutNs: 1_000_000_000n,
    attrTimeoutNs: 1_000_000_000n,
    negativeTimeoutNs: 0n,
    xattr: false,
    xattrMap: [],
    posixAcl: 'never',
    securityLabel: 'never',
    killprivV2: true,
    readonly: false,
    writeback: false,
    allowDirectIo: false,
    allowMmap: false,
    readdirplus: true,
    announceSubmounts: true,
    preserveNoatime: false,
    inodeFileHandles: 'prefer',
    securityModel: 'passthrough',
    fileMode: 0o600,
    directoryMode: 0o700,
    posixLock: false,
    flock: false,
    uidTranslation: [],
    gidTranslation: [],
    guestFdLimit: 1000,
  });
});

t.test('the longest timeout is more than a number holds exactly', async (t) => {
  const { entryTimeoutNs } = await setupOf('--entry-timeout=999999999.999999999');
  t.equal(entryTimeoutNs, 999_999_999_999_999_999n);
});

t.test('each option changes its own field', async (t) => {
  const standard = await setupOf();
  for (const [args, changed] of [
    [['--thread-pool-size=3'], ['followers']],
    [['--num-request-queues=3'], ['requestQueues']],
    [['--poll-limit=7'], ['pollLimitNs']],
    [['--slow-request-ms=7'], ['slowRequestNs']],
    [['--cache=metadata'], ['cache', 'entryTimeoutNs', 'attrTimeoutNs']],
    [['--attr-timeout=2'], ['attrTimeoutNs']],
    [['--negative-timeout=2'], ['negativeTimeoutNs']],
    [['--xattr'], ['xattr']],
    [['--xattrmap=:map::user.virtiofs.:'], ['xattr', 'xattrMap']],
    [['--posix-acl=auto'], ['xattr', 'posixAcl']],
    [['--security-label'], ['xattr', 'securityLabel']],
    [['--no-killpriv-v2'], ['killprivV2']],
    [['--readonly'], ['readonly']],
    [['--writeback'], ['writeback']],
    [['--allow-direct-io'], ['allowDirectIo']],
    [['--allow-mmap'], ['allowMmap']],
    [['--no-readdirplus'], ['readdirplus']],
    [['--no-announce-submounts'], ['announceSubmounts']],
    [['--preserve-noatime'], ['preserveNoatime']],
    [['--posix-lock'], ['posixLock']],
    [['--security-model=none'], ['securityModel']],
    [
      ['--security-model=mapped', '--fmode=666'],
      ['securityModel', 'fileMode'],
    ],
    [
      ['--security-model=mapped-file', '--dmode=755'],
      ['securityModel', 'directoryMode'],
    ],
    [['--flock'], ['flock']],
    [['--translate-uid=squash-guest:0:1000:1'], ['uidTranslation']],
    [['--translate-gid=squash-guest:0:1000:1'], ['gidTranslation']],
  ] as const) {
    const given = await setupOf(...args);
    const names = (Object.keys(standard) as (keyof DeviceSetup)[]).filter(
      (name) => JSON.stringify(text(given[name])) !== JSON.stringify(text(standard[name])),
    );
    t.same(names.sort(), [...changed].sort(), args.join(' '));
  }
});

function text(value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
