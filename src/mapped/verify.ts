// SPDX-License-Identifier: Apache-2.0

import { hiddenIn, type ConversionSetup } from './conversion-setup.js';
import { Fingerprints } from './fingerprint.js';
import type { Manifest } from './manifest.js';
import type { TreeAccess } from './tree-access.js';
import { layersOf } from './tree-object.js';
import { walkTree } from './tree-walk.js';

/** How many differences are named. */
const namedDifferences = 10;

/** Compares what the guest sees now with what was written down; what is different, in words. */
export function differences(
  access: TreeAccess,
  setup: ConversionSetup,
  manifest: Manifest,
): readonly string[] {
  const layers = layersOf(setup.to);
  const isCopy = setup.copyTo !== null;
  const fingerprints = new Fingerprints(access, { layers, withData: isCopy });
  const found: string[] = [];
  const visits = walkTree(access, access.openTree(setup.copyTo ?? setup.path), {
    layers,
    skips: hiddenIn(setup.to),
    crossesMounts: setup.crossesMounts,
  });
  let count = 0;
  for (const { phase, object, index } of visits) {
    if (phase === 'leave') continue;
    count += 1;
    const record = manifest.record(index);
    const fingerprint = fingerprints.of(object, index);
    if (record === null) found.push(`${object.path.shown}: was not there`);
    else if (!record.fingerprint.equals(fingerprint)) {
      found.push(`${object.path.shown}: is not as before, or not the one that was there`);
    } else if (record.modificationNs !== object.host.mtimeNs) {
      found.push(`${object.path.shown}: has another time of modification`);
    }
    if (found.length >= namedDifferences) return found;
    setup.onProgress(index + 1);
  }
  if (count < manifest.objects) found.push(`${manifest.objects - count} objects are missing`);
  return found;
}
