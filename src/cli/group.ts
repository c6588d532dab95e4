// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { VfsdError } from '../errors.js';

/** gid_t's largest value means "no change" to chown(2). */
const maxGroupId = 0xffff_fffe;

/**
 * The number of a group, by name or number. Throws VFSD_SOCKET_GROUP.
 * @param groupFile the file of group(5): names from other sources than files are not known here
 */
export function lookUpGroup(group: string, groupFile = '/etc/group'): number {
  if (/^[0-9]+$/.test(group)) {
    const id = Number(group);
    if (id <= maxGroupId) return id;
    throw new VfsdError('VFSD_SOCKET_GROUP', group, { answer: 'the number is too large' });
  }
  for (const line of readFileSync(groupFile, 'utf8').split('\n')) {
    const [name, , id = ''] = line.split(':');
    if (name === group && /^[0-9]+$/.test(id)) return Number(id);
  }
  throw new VfsdError('VFSD_SOCKET_GROUP', group, { answer: `${groupFile} does not list it` });
}
