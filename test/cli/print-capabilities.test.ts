// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { helpText, isAsked } from '../../src/cli/parse-arguments.js';
import { capabilitiesJson } from '../../src/cli/print-capabilities.js';
import { optionDefinitions } from '../../src/config/options.js';

t.test('libvirt reads what this program can do', async (t) => {
  t.same(JSON.parse(capabilitiesJson()), {
    type: 'fs',
    features: ['posix-acl-negotiation-mode', 'security-label-negotiation-mode', 'separate-options'],
  });
});

t.test('information is given whatever else is on the command line', async (t) => {
  t.ok(isAsked(['--no-such-option', '--print-capabilities'], 'print-capabilities'));
  t.ok(isAsked(['-h'], 'help'));
  t.ok(isAsked(['-V'], 'version'));
  t.notOk(isAsked(['--tag=--help'], 'help'));
});

t.test('--help names every option', async (t) => {
  const help = await helpText();
  for (const { name } of optionDefinitions) t.match(help, `--${name}`);
});
