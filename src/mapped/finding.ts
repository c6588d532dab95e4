// SPDX-License-Identifier: Apache-2.0

import type { ObjectPath } from './object-path.js';

/** Something about a tree that is not as its security model would have left it. */
export interface Finding {
  readonly path: ObjectPath;
  /** A stable name of the kind of finding. */
  readonly kind: string;
  readonly what: string;
  /** What it means for the guest. */
  readonly means: string;
  /** What `--repair` does; null: nothing that would lose nothing. */
  readonly repair: string | null;
  readonly isMended: boolean;
}

/** `PATH: what is wrong; what it means for the guest; what --repair does` */
export function findingLine({ path, what, means, repair, isMended }: Finding): string {
  const deed =
    repair === null ? 'not for --repair' : isMended ? `mended: ${repair}` : `--repair ${repair}`;
  return `${path.shown}: ${what}; ${means}; ${deed}`;
}
