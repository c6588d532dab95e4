// SPDX-License-Identifier: Apache-2.0
//
// What is in the shared directory before the guest comes.

import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { chown, cp, link, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { ordinaryUser, projectRoot } from './daemon.js';

const manyEntries = 100_000;
const sourceFolders = ['scripts', 'src', 'native', 'test', 'docs', 'examples'];

/** Makes `made-by-host`, with a varied tree, many entries, sources and a git repository. */
export async function makeHostTree(share: string, forOrdinaryUser: boolean): Promise<void> {
  const base = path.join(share, 'made-by-host');
  await mkdir(base);
  await makeVariedTree(path.join(base, 'tree'));
  await copySources(path.join(base, 'source'));
  makeRepository(path.join(base, 'source'), path.join(base, 'repository.git'));
  makeManyEntries(path.join(base, 'many'));
  if (forOrdinaryUser) giveAway(base);
}

async function makeVariedTree(directory: string): Promise<void> {
  await mkdir(path.join(directory, 'below', 'further'), { recursive: true });
  await writeFile(path.join(directory, 'empty'), '');
  await writeFile(path.join(directory, 'large'), patterned(5_000_000));
  await writeFile(path.join(directory, 'below', 'read-only'), 'text\n', { mode: 0o444 });
  await writeFile(path.join(directory, 'below', 'further', 'set-user-id'), '', { mode: 0o755 });
  await writeFile(path.join(directory, 'n'.repeat(255)), 'long name');
  await writeFile(
    Buffer.concat([Buffer.from(path.join(directory, 'bytes-')), Buffer.from([0xff, 0x80, 0x0a])]),
    'no UTF-8',
  );
  await symlink('below/read-only', path.join(directory, 'link'));
  await symlink('/nowhere', path.join(directory, 'dangling'));
  await link(path.join(directory, 'large'), path.join(directory, 'below', 'hard-link'));
  await utimes(path.join(directory, 'empty'), 1_000_000_000.25, 1_234_567_890.5);
  execFileSync('mkfifo', [path.join(directory, 'fifo')]);
  if (process.getuid?.() === 0) await chown(path.join(directory, 'large'), 1234, 5678);
}

async function copySources(target: string): Promise<void> {
  await mkdir(target);
  for (const folder of sourceFolders.filter((name) => existsSync(path.join(projectRoot, name)))) {
    await cp(path.join(projectRoot, folder), path.join(target, folder), {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
    });
  }
}

function makeRepository(source: string, repository: string): void {
  const git = (...words: string[]): void => {
    execFileSync('git', words, {
      stdio: 'pipe',
      env: {
        PATH: process.env['PATH'],
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_SYSTEM: '/dev/null',
        GIT_AUTHOR_NAME: 'test',
        GIT_AUTHOR_EMAIL: 'test@localhost',
        GIT_COMMITTER_NAME: 'test',
        GIT_COMMITTER_EMAIL: 'test@localhost',
      },
    });
  };
  const bare = ['--git-dir', repository, '--work-tree', source];
  git('init', '--quiet', '--bare', '--initial-branch=main', repository);
  git(...bare, 'add', '--all');
  git(...bare, 'commit', '--quiet', '--message=first');
  git(...bare, 'gc', '--quiet');
}

/** Synchronously, which is several times as fast for so many small things. */
function makeManyEntries(directory: string): void {
  mkdirSync(directory);
  for (let number = 0; number < manyEntries; number += 1) {
    closeSync(openSync(`${directory}/entry-${String(number).padStart(6, '0')}`, 'w'));
  }
}

/** Names that are no UTF-8 are in the tree, with which chown has no trouble. */
function giveAway(directory: string): void {
  if (process.getuid?.() !== 0) return;
  execFileSync('chown', [
    '--recursive',
    '--no-dereference',
    `${ordinaryUser}:${ordinaryUser}`,
    directory,
  ]);
}

function patterned(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let place = 0; place < size; place += 1) bytes[place] = (place * 31 + (place >> 8)) & 0xff;
  return bytes;
}
