// SPDX-License-Identifier: Apache-2.0

import type { WorkerConfig } from '../config/config.js';
import type { CacheTimeouts } from '../config/timeouts.js';
import type { DeviceSetup, DeviceTimeouts } from '../native/types.js';
import { workerFds } from '../sandbox/worker-fds.js';
import type { OpenFileBudget } from './open-file-budget.js';

/** The timeouts as the data plane wants them. */
export function deviceTimeouts({ entryNs, attrNs, negativeNs }: CacheTimeouts): DeviceTimeouts {
  return {
    entryTimeoutNs: BigInt(entryNs),
    attrTimeoutNs: BigInt(attrNs),
    negativeTimeoutNs: BigInt(negativeNs),
  };
}

/** What of the configuration is the data plane's business, as it wants it. */
export function deviceSetup(config: WorkerConfig, budget: OpenFileBudget): DeviceSetup {
  return {
    root: workerFds.root,
    procSelfFd: workerFds.procSelfFd,
    requestQueues: config.requestQueues,
    followers: config.threadPoolSize,
    pollLimitNs: config.pollLimitUs * 1000,
    slowRequestNs: BigInt(config.slowRequestMs) * 1_000_000n,
    cache: config.cache,
    ...deviceTimeouts(config.timeouts),
    xattr: config.xattr,
    xattrMap: config.xattrMap,
    posixAcl: config.posixAcl,
    securityLabel: config.securityLabel,
    killprivV2: config.killprivV2,
    readonly: config.readonly,
    writeback: config.writeback,
    allowDirectIo: config.allowDirectIo,
    allowMmap: config.allowMmap,
    readdirplus: config.readdirplus,
    announceSubmounts: config.announceSubmounts,
    preserveNoatime: config.preserveNoatime,
    inodeFileHandles: config.inodeFileHandles,
    securityModel: config.securityModel,
    fileMode: config.fileMode,
    directoryMode: config.directoryMode,
    posixLock: config.posixLock,
    flock: config.flock,
    uidTranslation: config.uidTranslation,
    gidTranslation: config.gidTranslation,
    guestFdLimit: budget.guestFdLimit,
  };
}
