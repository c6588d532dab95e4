// SPDX-License-Identifier: Apache-2.0

import type { OptionDefinition } from './definition.js';

export const informationOptions = [
  {
    name: 'print-capabilities',
    summary: 'Print what this program can do as JSON, for libvirt, and end.',
    detail: 'All other options are ignored.',
  },
  { name: 'help', alias: 'h', summary: 'Print this text and end.', detail: '' },
  { name: 'version', alias: 'V', summary: 'Print the version and end.', detail: '' },
] as const satisfies readonly OptionDefinition[];
