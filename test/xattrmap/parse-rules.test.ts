// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import type { XattrRule } from '../../src/native/types.js';
import { parseXattrMap } from '../../src/xattrmap/parse-rules.js';

type Scope = 'client' | 'server' | 'all';

function rule(type: XattrRule['type'], scope: Scope, key: string, prepend: string): XattrRule {
  return { type, client: scope !== 'server', server: scope !== 'client', key, prepend };
}

const prefixAll = [rule('prefix', 'all', '', 'user.virtiofs.'), rule('bad', 'all', '', '')];
const prefixTrusted = [
  rule('prefix', 'all', 'trusted.', 'user.virtiofs.'),
  rule('bad', 'server', '', 'trusted.'),
  rule('bad', 'client', 'user.virtiofs.', ''),
  rule('ok', 'all', '', ''),
];

t.test('rules', async (t) => {
  const cases: [string, XattrRule[]][] = [
    [':ok:all:::', [rule('ok', 'all', '', '')]],
    [':prefix:all::user.virtiofs.::bad:all:::', prefixAll],
    [
      '/prefix/all/trusted./user.virtiofs./\n  /bad/server//trusted./\n' +
        '  /bad/client/user.virtiofs.//\n /ok/all///',
      prefixTrusted,
    ],
    [
      '/bad/all/security./security./ /ok/all///',
      [rule('bad', 'all', 'security.', 'security.'), rule('ok', 'all', '', '')],
    ],
    [
      ':unsupported:client:system.:: :ok:client:::\t:ok:server:::',
      [
        rule('unsupported', 'client', 'system.', ''),
        rule('ok', 'client', '', ''),
        rule('ok', 'server', '', ''),
      ],
    ],
    [' \n:ok:all:::  \t\n', [rule('ok', 'all', '', '')]],
    [':bad:client:a:b:/ok/all///', [rule('bad', 'client', 'a', 'b'), rule('ok', 'all', '', '')]],
    [
      '😀prefix😀all😀😀x😀😀bad😀all😀😀😀',
      [rule('prefix', 'all', '', 'x'), rule('bad', 'all', '', '')],
    ],
    [':ok:all: a:b ::bad:all:::', [rule('ok', 'all', ' a', 'b '), rule('bad', 'all', '', '')]],
    ['"ok"all"""', [rule('ok', 'all', '', '')]],
  ];
  for (const [text, rules] of cases) t.same(parseXattrMap(text), rules, text);
});

t.test('the shorthand "map"', async (t) => {
  t.same(parseXattrMap(':map::user.virtiofs.:'), prefixAll);
  t.same(parseXattrMap('/map/trusted./user.virtiofs./'), prefixTrusted);
  t.same(parseXattrMap(':ok:client:user.:: :map::user.virtiofs.:'), [
    rule('ok', 'client', 'user.', ''),
    ...prefixAll,
  ]);
  t.same(parseXattrMap(':map:::'), [rule('prefix', 'all', '', ''), rule('bad', 'all', '', '')]);
});

t.test('the result cannot be changed', async (t) => {
  const rules = parseXattrMap(':map::user.virtiofs.:');
  t.ok(Object.isFrozen(rules) && rules.every((each) => Object.isFrozen(each)));
});

t.test('what is wrong, and where', async (t) => {
  const cases: [string, string][] = [
    ['', '--xattrmap has no rules'],
    [' \n', '--xattrmap has no rules'],
    [
      ':ok:client:a:: :prefx:all:a:b:',
      '--xattrmap rule 2 (":prefx:"): the type "prefx" is not one of prefix, ok, bad, unsupported, map',
    ],
    [':OK:all:::', '--xattrmap rule 1 (":OK:"): the type "OK" is not one of'],
    ['::all:::', '--xattrmap rule 1 ("::"): the type "" is not one of'],
    [
      ':ok:al:a:b:',
      '--xattrmap rule 1 (":ok:al:"): the scope "al" is not one of client, server, all',
    ],
    ['aokaallaaa', '--xattrmap rule 1 ("aokaa"): the scope "" is not one of'],
    [':ok', '--xattrmap rule 1 (":ok"): no ":" ends the type'],
    [':ok:all', '--xattrmap rule 1 (":ok:all"): no ":" ends the scope'],
    [':ok:all:a', '--xattrmap rule 1 (":ok:all:a"): no ":" ends the key'],
    [':ok:all:a:b', '--xattrmap rule 1 (":ok:all:a:b"): no ":" ends the prepend'],
    [':map:a', '--xattrmap rule 1 (":map:a"): no ":" ends the key'],
    [':ok:all:::x', '--xattrmap rule 2 ("x"): no "x" ends the type'],
    [
      ':map::a.::ok:all:::',
      '--xattrmap rule 2 (":ok:"): nothing can follow a rule of the type "map"',
    ],
    [':map::a.::map::b.:', '--xattrmap rule 2 (":map:"): nothing can follow'],
    [
      ':prefix:client:trusted.:user.:',
      '--xattrmap has no rule for the remaining names that the guest uses and for those that the host lists',
    ],
    [':ok:client:::', '--xattrmap has no rule for the remaining names that the host lists: end it'],
    [':ok:server:::', '--xattrmap has no rule for the remaining names that the guest uses: end it'],
    [
      ':prefix:all::user.virtiofs.:',
      '--xattrmap has no rule for the remaining names that the host',
    ],
  ];
  for (const [text, message] of cases) {
    let said = 'nothing';
    try {
      parseXattrMap(text);
    } catch (error) {
      t.match(error, { code: 'VFSD_CONFIG_USAGE' });
      said = String(error);
    }
    t.equal(said.slice(0, `VfsdError: ${message}`.length), `VfsdError: ${message}`, text);
  }
});
