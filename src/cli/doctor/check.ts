// SPDX-License-Identifier: Apache-2.0

import type { DaemonConfig } from '../../config/config.js';
import { VfsdError } from '../../errors.js';
import type { NativeBinding } from '../../native/types.js';

/** `warn`: it works, and could work better; `fail`: vfsd does not start so. */
export type Verdict = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly verdict: Verdict;
  /** What was found out. */
  readonly found: string;
  /** A command, or what else to do. */
  readonly fix?: string;
}

/** What a check may ask of the addon. */
export type DoctorBinding = Pick<
  NativeBinding,
  'getOpenFileLimit' | 'getEffectiveCapabilities' | 'probeDirectory'
>;

/** What the checks look at. */
export interface Patient {
  readonly binding: DoctorBinding;
  readonly config: DaemonConfig;
  readonly capabilities: bigint;
  readonly isRoot: boolean;
}

/** One question about the machine, asked without changing anything. */
export interface Check {
  readonly title: string;
  /** Left out where the shared directory cannot be looked at. */
  readonly needsShare?: true;
  readonly examine: (patient: Patient) => Finding;
}

export const ok = (found: string): Finding => ({ verdict: 'ok', found });
export const warn = (found: string, fix: string): Finding => ({ verdict: 'warn', found, fix });
export const fail = (found: string, fix: string): Finding => ({ verdict: 'fail', found, fix });

/** What the start would stop at, as a finding. Rethrows what is no error of vfsd's. */
export function examined(check: () => Finding): Finding {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof VfsdError)) throw error;
    return fail(`${error.message} [${error.code}]`, error.hint);
  }
}
