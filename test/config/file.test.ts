// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { givenOptions } from '../../src/cli/given-options.js';
import { parseArguments } from '../../src/cli/parse-arguments.js';
import { withPassedSocket } from '../../src/cli/socket-activation.js';
import { mergeOptions } from '../../src/config/file/merge.js';
import { parseConfigFile } from '../../src/config/file/parse-config-file.js';
import { validate } from '../../src/config/validate.js';

const parse = (text: string) => parseConfigFile('x.conf', text);

t.test('a line is a key and a value, by the options’ names', async (t) => {
  const given = parse(`
# the share
shared-dir = /srv/my share
  socket-path=/run/x.sock
tag =   src
; several times
translate-uid = map:0:100000:10
translate-uid = squash-guest:10:5:10
xattrmap = ":map::user.virtiofs.:"
readonly = yes
xattr = no
log-level = " debug"
`);
  t.same(given.values, {
    'shared-dir': '/srv/my share',
    'socket-path': '/run/x.sock',
    tag: 'src',
    xattrmap: ':map::user.virtiofs.:',
    'log-level': ' debug',
  });
  t.same(given.lists, { 'translate-uid': ['map:0:100000:10', 'squash-guest:10:5:10'] });
  t.same([...given.flags], ['readonly']);
});

t.test('what is wrong is said with its line', async (t) => {
  const cases: readonly [string, RegExp][] = [
    ['tag', /x\.conf, line 1: "tag" is not "key = value"/],
    ['\n\nsocket_path = x', /line 3: "socket_path = x" is not "key = value"/],
    ['shared-dirs = /x', /line 1: there is no option shared-dirs; is it shared-dir\?/],
    ['nonsense-beyond-all = 1', /there is no option nonsense-beyond-all \(/],
    ['tag = a\ntag = b', /line 2: tag is in line 1 already/],
    ['readonly = maybe', /readonly is yes or no, not "maybe"/],
    ['help = yes', /help is for the command line/],
    ['config = other', /config is for the command line/],
    ['tag = "a', /a quote that does not end/],
    ['[share]', /is not "key = value"/],
  ];
  for (const [text, message] of cases) {
    t.throws(() => parse(text), { code: 'VFSD_CONFIG_FILE', line: message }, text);
  }
});

t.test('the command line counts more than the file', async (t) => {
  const file = parse(
    'shared-dir=/a\nsocket-path=/run/a\nsocket-group=kvm\nreadonly=yes\nno-killpriv-v2=yes\nuid-map=:0:1:1:\n',
  );
  const merge = async (...args: string[]) => mergeOptions(file, await parseArguments(args));
  t.same((await merge('--shared-dir=/b')).values, {
    'shared-dir': '/b',
    'socket-path': '/run/a',
    'socket-group': 'kvm',
  });
  t.same((await merge('--fd=5')).values, { 'shared-dir': '/a', fd: '5' });
  t.same([...(await merge('--killpriv-v2')).flags], ['readonly', 'killpriv-v2']);
  t.same((await merge('--uid-map=:1:1:1:')).lists, { 'uid-map': [':1:1:1:'] });
});

t.test('--config names the file', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vfsd-config-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  const path = join(directory, 'share.conf');
  writeFileSync(path, 'shared-dir = /srv\nsocket-path = /run/x.sock\ncache = never\n');
  const config = validate(await givenOptions([`--config=${path}`, '--cache=always']));
  t.match(config, { sharedDir: '/srv', cache: 'always' });
  await t.rejects(givenOptions([`--config=${path}.missing`]), { code: 'VFSD_CONFIG_FILE' });
});

t.test('a socket of a service manager is taken, once and clearly', async (t) => {
  const given = await parseArguments(['--shared-dir=/srv']);
  const passed = { LISTEN_PID: '77', LISTEN_FDS: '1' };
  const config = validate(withPassedSocket(given, passed, 77));
  t.same(config.socket, { kind: 'fd', fd: 3 });
  t.equal(config.exitOnDisconnect, false);
  t.equal(withPassedSocket(given, passed, 78), given, 'it was passed to another process');
  t.equal(withPassedSocket(given, {}, 77), given);
  const leaves = await parseArguments(['--shared-dir=/srv', '--exit-on-disconnect']);
  t.equal(validate(withPassedSocket(leaves, passed, 77)).exitOnDisconnect, true);
  const both = await parseArguments(['--shared-dir=/srv', '--socket-path=/run/x']);
  t.throws(() => withPassedSocket(both, passed, 77), /passes a socket, and --socket-path names/);
  const two = { LISTEN_PID: '77', LISTEN_FDS: '2' };
  t.throws(() => withPassedSocket(given, two, 77), /passes 2 sockets/);
});
