// SPDX-License-Identifier: Apache-2.0

import type { OptionDefinition } from './definition.js';

export const informationOptions = [
  {
    name: 'config',
    value: 'FILE',
    summary: 'Read options from FILE, a line `key = value` for each.',
    detail:
      'The keys are the names on this page, flags are `yes` or `no`. What is on the command line as well counts more. ' +
      'See docs/configuration.md.',
  },
  {
    name: 'check-config',
    summary: 'Check the options, also those of `--config`, say what is wrong, and end.',
    detail: 'Nothing is made or opened. Status 0: they can be used together.',
  },
  {
    name: 'print-capabilities',
    summary: 'Print what this program can do as JSON, for libvirt, and end.',
    detail: 'All other options are ignored.',
  },
  { name: 'help', alias: 'h', summary: 'Print this text and end.', detail: '' },
  { name: 'version', alias: 'V', summary: 'Print the version and end.', detail: '' },
] as const satisfies readonly OptionDefinition[];
