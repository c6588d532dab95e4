// SPDX-License-Identifier: Apache-2.0

// What is generated from the options: it is up to date, and what it is for takes it.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { bashCompletion, zshCompletion } from '../../src/config/completion.js';
import { manPage } from '../../src/config/man-page.js';

const packaging = new URL('../../packaging/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, packaging), 'utf8');

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

t.test('the files are those of today’s options', async (t) => {
  t.equal(read('man/vfsd.1'), manPage(version));
  t.equal(read('completion/vfsd.bash'), bashCompletion());
  t.equal(read('completion/_vfsd'), zshCompletion());
});

t.test('the man page has each option, and nothing that roff does not know', async (t) => {
  const page = manPage('0');
  for (const option of ['\\-\\-shared\\-dir=DIR', '\\-\\-posix\\-acl[=auto|always|never]']) {
    t.ok(page.includes(option), option);
  }
  // eslint-disable-next-line no-control-regex
  t.notMatch(page, /[^\u0000-\u007f]/, 'ASCII only');
  const { error, stderr } = spawnSync('groff', ['-man', '-Tascii', '-ww', '-z'], {
    input: page,
    encoding: 'utf8',
  });
  if (error === undefined) t.equal(stderr, '');
});

/** What bash offers at the end of a line. */
function completed(line: string): readonly string[] {
  const script = `
    source "$1"
    COMP_LINE=$2
    # As readline splits it: "=" is a word of its own.
    mapfile -t COMP_WORDS < <(printf '%s' "$2" | sed 's/=/\\n=\\n/g; s/ /\\n/g')
    case $2 in *[\\ =]) COMP_WORDS+=('') ;; esac
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    compopt() { :; }
    _vfsd
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const path = new URL('completion/vfsd.bash', packaging).pathname;
  const { stdout } = spawnSync('bash', ['-c', script, 'bash', path, line], { encoding: 'utf8' });
  return stdout.trim().split('\n');
}

t.test('bash completes options, their values and commands', async (t) => {
  t.same(completed('vfsd --shared'), ['--shared-dir=']);
  t.same(completed('vfsd --cache=al'), ['always']);
  t.same(completed('vfsd --cache='), ['auto', 'always', 'metadata', 'never']);
  t.same(completed('vfsd --xattr'), ['--xattr', '--xattrmap=']);
  t.same(completed('vfsd do'), ['doctor']);
  t.same(completed('vfsd seccomp e'), ['explain']);
  t.same(completed('vfsd --shared-dir=/et'), ['/etc']);
});
