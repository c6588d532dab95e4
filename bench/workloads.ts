// SPDX-License-Identifier: Apache-2.0

/** All rows. */

import { dataWorkloads } from './data-workloads.js';
import { metadataWorkloads } from './metadata-workloads.js';
import { treeWorkloads } from './tree-workloads.js';
import type { BenchWorkload } from './workload.js';

export const workloads: readonly BenchWorkload[] = [
  ...metadataWorkloads,
  ...dataWorkloads,
  ...treeWorkloads,
];
