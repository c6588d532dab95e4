// SPDX-License-Identifier: Apache-2.0

import { convert, type ConversionRequest, type Outcome } from '../../src/mapped/conversion.js';
import type { SecurityModel } from '../../src/mapped/model.js';
import { TreeAccess } from '../../src/mapped/tree-access.js';
import { loadBinding } from '../../src/native/binding.js';
import { isRoot } from './real-tree.js';

const binding = loadBinding();

export interface Ran {
  readonly outcome: Outcome;
  readonly notes: readonly string[];
}

/** Converts, without a terminal. `beforeChange` may end it at any step. */
export function converted(
  path: string,
  from: SecurityModel,
  to: SecurityModel,
  more: Partial<ConversionRequest> = {},
  beforeChange?: (what: string) => void,
  notes: string[] = [],
): Ran {
  const outcome = convert(
    {
      access: new TreeAccess(binding.fileObjects, beforeChange),
      isRoot,
      uid: process.getuid?.() ?? 0,
      traitsOf: (place) => binding.probeDirectory(place),
      holderOf: () => null,
    },
    {
      path,
      from,
      to,
      copyTo: null,
      state: null,
      fmode: 0o600,
      dmode: 0o700,
      crossesMounts: false,
      isDryRun: false,
      ...more,
    },
    { note: (line) => notes.push(line), progress: () => undefined },
  );
  return { outcome, notes };
}
