// SPDX-License-Identifier: Apache-2.0

import { cacheModes } from '../modes.js';
import type { OptionDefinition } from './definition.js';

export const cacheOptions = [
  {
    name: 'cache',
    value: 'MODE',
    choices: cacheModes,
    default: 'auto',
    summary: 'How long the guest may trust what it has read: auto, always, metadata or never.',
    detail:
      '`never`: names and attributes are looked up each time and file data is not kept, for directories that the ' +
      'host changes meanwhile. `metadata`: names and attributes are kept, data is not. `auto`: both for a moment, ' +
      'data until the file changes: a change on the host is seen after a second or at the next open. `always`: the ' +
      'guest asks as rarely as it can; wrong unless nobody else changes the directory.',
  },
  {
    name: 'entry-timeout',
    value: 'SECONDS',
    default: 'by `--cache`: never 0, metadata 86400, auto 1, always 86400',
    summary: 'How long the guest may trust a name that it has looked up.',
    detail:
      'A decimal number such as 0.5, up to 1000000000. A file that is replaced on the host is seen in the guest after ' +
      'this time at the latest.',
  },
  {
    name: 'attr-timeout',
    value: 'SECONDS',
    default: 'by `--cache`, as for names',
    summary: "How long the guest may trust a file's size, times, mode and owner.",
    detail:
      'The same for attributes. Data is not kept any longer than the size and time that it belongs to.',
  },
  {
    name: 'negative-timeout',
    value: 'SECONDS',
    default: 'by `--cache`: always 86400, else 0',
    summary: 'How long the guest may trust that a name is not there.',
    detail:
      'Spares the questions of programs that look for files in many places. A file that is made on the host ' +
      'meanwhile is not found.',
  },
  {
    name: 'writeback',
    summary: 'Let the guest collect writes in its page cache.',
    detail:
      'Faster for small writes. The guest then owns sizes and times of files: wrong when the host writes the same ' +
      'files. Not with `--cache=never`, which forbids the cache that it needs.',
  },
  {
    name: 'allow-mmap',
    summary: 'Let the guest map files shared where the cache mode keeps no data.',
    detail:
      'Has a meaning with `--cache=never` and `metadata` only, where files cannot be mapped shared otherwise. What is ' +
      'mapped is a copy in the guest: wrong when anybody else changes the file.',
  },
] as const satisfies readonly OptionDefinition[];
