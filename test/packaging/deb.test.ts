// SPDX-License-Identifier: Apache-2.0

// The packages: what they contain can be installed, works, and goes away without a trace.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const root = new URL('../..', import.meta.url).pathname;

function run(program: string, args: readonly string[], cwd = root) {
  // The test runner puts its own loaders into every Node that is started below it.
  const env = { ...process.env, NODE_OPTIONS: undefined };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' });
  return { status, stdout: stdout.trim(), stderr };
}

// Where nothing has been built yet, the package is what builds it.
t.setTimeout(300_000);

const isRoot = process.getuid?.() === 0;
const hasDpkg = run('dpkg-deb', ['--version']).status === 0;

t.test('the Debian package', { skip: !(isRoot && hasDpkg) }, async (t) => {
  const place = t.testdir({ out: {}, root: {} });
  const built = run('scripts/build-deb', [join(place, 'out')]);
  t.equal(built.status, 0, built.stderr);
  const system = join(place, 'root');
  mkdirSync(join(system, 'var/lib/dpkg/updates'), { recursive: true });
  mkdirSync(join(system, 'var/lib/dpkg/info'));
  writeFileSync(join(system, 'var/lib/dpkg/status'), '');
  writeFileSync(join(system, 'var/lib/dpkg/available'), '');
  const dpkg = (...args: string[]) => run('dpkg', [`--root=${system}`, '--force-depends', ...args]);
  const installed = dpkg('--install', built.stdout);
  t.equal(installed.status, 0, installed.stderr);
  const command = join(system, 'usr/bin/vfsd');
  t.match(run(command, ['--version']).stdout, /^vfsd [0-9]/);
  t.equal(run(command, ['doctor', place]).status, 0, 'with everything that it needs to start');
  const helper = join(system, 'usr/libexec/vfsd/virtfs-proxy-helper');
  t.match(run(helper, ['--help']).stdout, /^Usage: virtfs-proxy-helper --path/);
  for (const file of [
    'usr/share/man/man1/vfsd.1.gz',
    'usr/share/bash-completion/completions/vfsd',
    'lib/systemd/system/vfsd@.service',
    'usr/share/qemu/vhost-user/60-vfsd.json',
    'usr/share/doc/vfsd/sbom.cdx.json',
  ]) {
    t.ok(existsSync(join(system, file)), file);
  }
  const example = join(system, 'usr/share/doc/vfsd/examples/share.conf');
  t.equal(
    run(command, [`--config=${example}`, '--check-config']).status,
    0,
    'the example is valid',
  );
  const bom = JSON.parse(
    readFileSync(join(system, 'usr/share/doc/vfsd/sbom.cdx.json'), 'utf8'),
  ) as { components: { name: string }[] };
  t.ok(bom.components.some(({ name }) => name === 'yargs'));
  const purged = dpkg('--purge', 'vfsd');
  t.equal(purged.status, 0, purged.stderr);
  const left = ['usr', 'lib', 'etc'].filter((name) => existsSync(join(system, name)));
  t.same(left, [], 'nothing is left');
});

t.test('the npm package has a native part that can be used, or built', async (t) => {
  const place = t.testdir({ out: {} });
  const packed = run('npm', [
    'pack',
    '--ignore-scripts',
    '--silent',
    `--pack-destination=${place}/out`,
  ]);
  t.equal(packed.status, 0, packed.stderr);
  const [archive = ''] = readdirSync(join(place, 'out'));
  t.equal(run('tar', ['-xzf', join(place, 'out', archive), '-C', place]).status, 0);
  const directory = join(place, 'package');
  const { stdout } = run(join(directory, 'bin/vfsd'), ['--version']);
  t.match(stdout, /^vfsd [0-9]/);
  const helper = run(join(directory, 'bin/virtfs-proxy-helper'), ['--help']);
  t.match(helper.stdout, /^Usage: virtfs-proxy-helper --path/);
  t.equal(run(join(directory, 'bin/vfsd'), ['doctor', place]).status, 0, 'it could be started');
  t.equal(run('node', ['scripts/npm-install.mjs'], directory).status, 0, 'nothing has to be built');
  for (const file of ['binding.gyp', 'native/addon/addon.cc', 'seccomp/launcher.policy']) {
    t.ok(existsSync(join(directory, file)), `${file}, to build from`);
  }
  t.notOk(existsSync(join(directory, 'test')), 'no tests');
});
