// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import {
  Capability,
  capabilityMask,
  capabilityName,
  findCapability,
} from '../../src/sandbox/capabilities.js';
import { parseCapabilityChanges } from '../../src/sandbox/capability-changes.js';
import { planSandbox, type SandboxConfig, type SandboxPlan } from '../../src/sandbox/plan.js';

const all = 0x1ff_ffff_ffffn;
const kept = 0x8800_00dbn;
const readSearch = capabilityMask(Capability.DAC_READ_SEARCH);
const inside = true;

function plan(
  config: Partial<SandboxConfig>,
  effective: bigint,
  staysInShare = false,
): SandboxPlan {
  return planSandbox(
    {
      sandbox: 'namespace',
      uidMap: [],
      gidMap: [],
      capabilityChanges: [],
      inodeFileHandles: null,
      securityModel: 'passthrough',
      ...config,
    },
    effective,
    () => staysInShare,
  );
}

const map = [{ inside: 0, host: 100_000, count: 65_536 }];

t.test('who cannot make namespaces directly gets a user namespace', async (t) => {
  const expected = { mode: 'namespace', capabilities: kept, inodeFileHandles: 'never' };
  t.same(plan({}, all), { ...expected, userNamespace: false });
  t.same(plan({}, 0n), { ...expected, userNamespace: true });
  t.same(plan({ uidMap: map }, all), { ...expected, userNamespace: true }, 'so do maps of ids');
  t.same(plan({ gidMap: map }, all), { ...expected, userNamespace: true });
});

t.test('a mapped model needs to own nothing but its own files', async (t) => {
  const few = capabilityMask(Capability.DAC_OVERRIDE) | capabilityMask(Capability.FOWNER);
  t.equal(plan({ securityModel: 'mapped-xattr' }, all).capabilities, few);
  t.equal(plan({ securityModel: 'mapped-file' }, all).capabilities, few);
  t.equal(plan({ securityModel: 'none' }, all).capabilities, kept);
});

t.test('nobody keeps what they do not have', async (t) => {
  t.equal(plan({ sandbox: 'none' }, 0n).capabilities, 0n);
  t.equal(plan({ sandbox: 'chroot' }, 1n << 18n).capabilities, 0n);
});

t.test('file handles, and the capability that they need', async (t) => {
  const { inodeFileHandles, capabilities } = plan({}, all, inside);
  t.equal(inodeFileHandles, 'prefer', 'where they can reach nothing else');
  t.equal(capabilities, kept | readSearch);
  t.equal(plan({}, all).inodeFileHandles, 'never');
  t.equal(plan({ inodeFileHandles: 'never' }, all, inside).capabilities, kept);
  for (const wanted of ['prefer', 'mandatory'] as const) {
    const given = plan({ inodeFileHandles: wanted }, all);
    t.equal(given.inodeFileHandles, wanted, 'whoever asks for them decides');
    t.equal(given.capabilities, kept | readSearch);
  }
});

t.test('where file handles cannot be opened', async (t) => {
  const cases: [RegExp, Partial<SandboxConfig>, bigint][] = [
    [/in a user namespace/, {}, 0n],
    [/in a user namespace/, { uidMap: map }, all],
    [/CAP_DAC_READ_SEARCH is missing/, { sandbox: 'none' }, all & ~readSearch],
    [/--modcaps takes/, { capabilityChanges: parseCapabilityChanges('-dac_read_search') }, all],
  ];
  for (const [message, config, effective] of cases) {
    for (const wanted of [null, 'prefer'] as const) {
      const quiet = plan({ ...config, inodeFileHandles: wanted }, effective, inside);
      t.equal(quiet.inodeFileHandles, 'never');
      t.equal(quiet.capabilities & readSearch, 0n);
    }
    t.throws(() => plan({ ...config, inodeFileHandles: 'mandatory' }, effective, inside), {
      code: 'VFSD_SANDBOX_FILE_HANDLES',
      message,
    });
  }
});

t.test('--modcaps comes last', async (t) => {
  const change = (text: string): Pick<SandboxConfig, 'capabilityChanges'> => ({
    capabilityChanges: parseCapabilityChanges(text),
  });
  t.equal(plan(change('+sys_admin:-chown'), all).capabilities, (kept | (1n << 21n)) & ~1n);
  t.equal(plan(change('+dac_read_search'), all).capabilities, kept | readSearch);
  t.equal(plan(change('+dac_read_search'), all).inodeFileHandles, 'never');
  t.equal(plan(change('+net_raw:-net_raw'), 0n).capabilities, kept);
  t.equal(plan(change('+sys_time'), 0n).capabilities, kept | (1n << 25n), 'a namespace has all');
  t.throws(() => plan({ sandbox: 'none', ...change('-chown:+sys_time') }, all & ~(1n << 25n)), {
    code: 'VFSD_SANDBOX_CAPABILITY',
    message: /cannot leave CAP_SYS_TIME to the daemon: vfsd was started without it/,
  });
});

t.test('the language of --modcaps', async (t) => {
  t.same(parseCapabilityChanges('+CAP_SYS_ADMIN:-Chown:+cap_bpf'), [
    { capability: 21, keep: true },
    { capability: 0, keep: false },
    { capability: 39, keep: true },
  ]);
  for (const [text, message] of [
    ['', /a part is empty/],
    ['+sys_admin:', /--modcaps=\+sys_admin:: a part is empty/],
    ['sys_admin', /"sys_admin" begins with neither \+ nor -/],
    ['+foo', /"foo" is not the name of a capability/],
    ['+chown:-', /"" is not the name/],
    ['+cap_cap_chown', /"cap_cap_chown" is not/],
    ['+chown,-fowner', /"chown,-fowner" is not/],
  ] as const) {
    t.throws(() => parseCapabilityChanges(text), { code: 'VFSD_CONFIG_USAGE', message });
  }
});

t.test('all capabilities have a name and a number', async (t) => {
  const numbers = Object.values(Capability);
  t.same(
    numbers,
    Array.from({ length: 41 }, (_, number) => number),
  );
  for (const number of numbers) t.equal(findCapability(capabilityName(number)), number);
});
