// SPDX-License-Identifier: Apache-2.0

/** Everything that `vfsd doctor` looks at, in the order in which a start depends on it. */

import { accessSync, constants, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { getgid, getuid } from 'node:process';
import { smallestOpenFileLimit } from '../../daemon/open-file-budget.js';
import { installation } from '../../installation.js';
import { unwrap } from '../../native/binding.js';
import { describeFailure, isSystemFailure } from '../../native/system-failure.js';
import { Capability, hasCapability } from '../../sandbox/capabilities.js';
import { planSandbox } from '../../sandbox/plan.js';
import { lookUpGroup } from '../group.js';
import { checkIdMaps } from '../id-map-support.js';
import { chooseOpenFileLimit, readSystemOpenFileLimit } from '../open-file-limit.js';
import { handlesStayInShare } from '../reach-of-handles.js';
import { checkSandboxSupport } from '../sandbox-support.js';
import { checkSecurityModel } from '../security-model.js';
import { checkSharedDirectory } from '../shared-directory.js';
import { checkSocketPath } from '../socket-path.js';
import { examined, fail, ok, warn, type Check, type Finding, type Patient } from './check.js';

/** mount_setattr(2), which the sandbox needs. */
const oldestKernel = [5, 12] as const;
/** Below this, a guest with a large tree meets EMFILE where inodes are held by descriptor. */
const comfortable = 65_536n;

/** The check that others need. */
export const shareTitle = 'Shared directory';

const plan = ({ config, capabilities }: Patient) =>
  planSandbox(config, capabilities, () => handlesStayInShare(config.sharedDir));

function installationFinding(): Finding {
  for (const [path, mode] of [
    [installation.bundle, constants.R_OK],
    [installation.addon, constants.R_OK],
    [installation.launcher, constants.X_OK],
  ] as const) {
    try {
      accessSync(path, mode);
    } catch {
      return fail(`${path} cannot be used`, 'install or build vfsd again: npm run build');
    }
  }
  return ok(`complete, with Node.js ${process.version}`);
}

function kernelFinding(): Finding {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const [oldMajor, oldMinor] = oldestKernel;
  const isNew = major > oldMajor || (major === oldMajor && minor >= oldMinor);
  return isNew
    ? ok(`Linux ${release()}`)
    : fail(
        `Linux ${release()} is older than ${oldestKernel.join('.')}`,
        'start vfsd with --sandbox=chroot, or use a newer kernel',
      );
}

function seccompFinding({ config }: Patient): Finding {
  if (config.seccomp === 'none') {
    return warn('switched off by --seccomp=none', 'leave --seccomp out');
  }
  const path = '/proc/sys/kernel/seccomp/actions_avail';
  try {
    const actions = readFileSync(path, 'utf8').trim().split(' ');
    if (actions.includes('kill_process')) return ok('the kernel can filter system calls');
    return fail(`the kernel cannot end a process for a system call (${path})`, '--seccomp=none');
  } catch {
    return fail('this kernel has no seccomp', 'start vfsd with --seccomp=none, and know why');
  }
}

function sandboxFinding(patient: Patient): Finding {
  const found = plan(patient);
  checkSandboxSupport(found, patient.capabilities);
  if (found.mode === 'none') {
    return warn('switched off by --sandbox=none', 'leave --sandbox out');
  }
  const names = found.userNamespace ? 'namespaces, with a user namespace' : 'namespaces';
  return ok(found.mode === 'namespace' ? names : 'a changed root directory (--sandbox=chroot)');
}

function identityFinding(patient: Patient): Finding {
  const { config, capabilities, isRoot } = patient;
  checkIdMaps(config, { uid: getuid?.() ?? 0, gid: getgid?.() ?? 0, capabilities });
  if (isRoot) return ok('root: files in the guest belong to whom they belong to on the host');
  if (config.uidMap.length > 0) return ok('an ordinary user, with the users of --uid-map');
  return warn(
    'an ordinary user: all that the guest makes belongs to you, and it can make files for its root only',
    'give the guest more users with --uid-map (docs/configuration.md), or make them one with --translate-uid=squash-guest:0:0:4294967295',
  );
}

function openFilesFinding({ binding, config, capabilities }: Patient): Finding {
  const current = unwrap(
    binding.getOpenFileLimit(),
    'VFSD_NATIVE_CALL',
    'find out how many files this process may open',
  );
  const chosen = chooseOpenFileLimit({
    wanted: config.openFileLimit,
    threads: config,
    current,
    systemLimit: readSystemOpenFileLimit(),
    capabilities,
  });
  const limit = chosen === 0 ? current.soft : BigInt(chosen);
  const text = `${limit} descriptors, of which vfsd needs ${smallestOpenFileLimit(config)} at least`;
  return limit >= comfortable
    ? ok(text)
    : warn(text, 'raise the hard limit: LimitNOFILE=1048576 in a unit, or ulimit -Hn as root');
}

function handlesFinding(patient: Patient): Finding {
  const { binding, config, capabilities } = patient;
  const { fileHandles } = binding.probeDirectory(config.sharedDir);
  const isAsked = config.inodeFileHandles === 'mandatory';
  const advice = isAsked
    ? 'leave --inode-file-handles=mandatory out'
    : 'it is only that each file which the guest knows holds a descriptor';
  const verdict = isAsked ? fail : warn;
  if (isSystemFailure(fileHandles)) {
    return verdict(
      `the file system gives no file handles (${describeFailure(fileHandles)})`,
      advice,
    );
  }
  if (!hasCapability(capabilities, Capability.DAC_READ_SEARCH) || plan(patient).userNamespace) {
    return verdict('CAP_DAC_READ_SEARCH is missing to open by them', advice);
  }
  if (plan(patient).inodeFileHandles === 'never') {
    return warn(
      'not used: with them, code that has taken over vfsd could open every file of the file system, of which the share is a part',
      'give the share a file system of its own, or choose --inode-file-handles=prefer',
    );
  }
  return ok('a guest can know millions of files with few descriptors');
}

function xattrFinding({ binding, config }: Patient): Finding {
  const { xattrs } = binding.probeDirectory(config.sharedDir);
  if (!isSystemFailure(xattrs)) return ok('the file system has them');
  const text = `the file system has none of users (${describeFailure(xattrs)})`;
  checkSecurityModel(binding, config);
  return config.xattr
    ? warn(text, 'leave --xattr out, or share a directory of another file system')
    : ok(`${text}, and none are asked for`);
}

function socketFinding({ config }: Patient): Finding {
  const { socket } = config;
  if (socket.kind === 'fd') return ok(`descriptor ${socket.fd} is passed by who starts vfsd`);
  if (socket.group !== null) lookUpGroup(socket.group);
  checkSocketPath(socket.path);
  return ok(`${socket.path} can be made`);
}

/** A check whose errors are those of the start. */
const checked = (title: string, examine: Check['examine']): Check => ({
  title,
  examine: (patient) => examined(() => examine(patient)),
});

export const checks: readonly Check[] = [
  checked('Installation', installationFinding),
  checked('Kernel', kernelFinding),
  checked(shareTitle, ({ config }) => {
    checkSharedDirectory(config.sharedDir);
    return ok(`${config.sharedDir} can be read`);
  }),
  checked('Socket', socketFinding),
  checked('Sandbox', sandboxFinding),
  checked('System call filters', seccompFinding),
  checked('Users and groups', identityFinding),
  checked('Open files', openFilesFinding),
  { ...checked('File handles', handlesFinding), needsShare: true },
  { ...checked('Extended attributes', xattrFinding), needsShare: true },
];
