// SPDX-License-Identifier: Apache-2.0

import { isHiddenName, type SecurityModel } from './model.js';

/** What a conversion is to do. */
export interface ConversionSetup {
  readonly path: string;
  readonly from: SecurityModel;
  readonly to: SecurityModel;
  /** Where a copy is made; null: the tree itself is converted. */
  readonly copyTo: string | null;
  readonly fmode: number;
  readonly dmode: number;
  readonly crossesMounts: boolean;
  /** Whether a name of the tree is none of an object of the guest. */
  readonly skips: (name: Buffer) => boolean;
  /** Told how many objects are done. */
  readonly onProgress: (objects: number) => void;
}

/** Names that are not the guest's, seen with the eyes of one of the models. */
export function hiddenIn(...models: readonly SecurityModel[]): (name: Buffer) => boolean {
  const hides = models.includes('mapped-file');
  return (name) => hides && isHiddenName(name);
}
