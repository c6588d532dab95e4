// SPDX-License-Identifier: Apache-2.0

/**
 * Usage: VFSD_CALL_TRACES=DIR scripts/test device; node scripts/traced-calls.mjs DIR
 *
 * Compares the system calls that a run of the device tests has made with the policies: prints what a policy lacks, and
 * which of its lines no thread has needed. Bundles the comparison on the way, since Node 20 runs no TypeScript.
 */

import { Buffer } from 'node:buffer';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error('traced-calls: name the directory of the traces');
  process.exit(2);
}

const root = fileURLToPath(new URL('..', import.meta.url));
const { outputFiles } = await build({
  absWorkingDir: root,
  stdin: {
    contents:
      "export * from './test/device/call-usage.js'; export * from './test/device/trace-file.js';" +
      "export { policyFiles } from './src/seccomp/programs.js';" +
      "export { architectureNumber, nativeArchitecture } from './src/seccomp/architecture.js';",
    resolveDir: root,
    loader: 'ts',
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  write: false,
});
const source = Buffer.from(outputFiles[0].contents).toString('base64');
const {
  policyFiles,
  policyUsage,
  readTrace,
  unexpectedCalls,
  architectureNumber,
  nativeArchitecture,
} = await import(`data:text/javascript;base64,${source}`);
const { nameSystemCall } = createRequire(import.meta.url)('../build/Release/vfsd.node');
const architecture = architectureNumber(nativeArchitecture(process.arch));

const texts = {};
for (const [name, file] of Object.entries(policyFiles)) {
  texts[name] = await readFile(join(root, file), 'utf8');
}
const calls = new Map();
const traces = (await readdir(directory)).filter((name) => name.endsWith('.trace'));
for (const name of traces) {
  // Each once: a run makes millions.
  for (const call of readTrace(join(directory, name), (n) => nameSystemCall(n, architecture))) {
    calls.set(`${call.role} ${call.syscall} ${call.args.slice(0, 4).join(' ')}`, call);
  }
}

const missing = unexpectedCalls([...calls.values()], texts);
console.log(`${traces.length} daemons`);
for (const call of missing) console.log(`not in the policy: ${call}`);
for (const { file, unused } of policyUsage([...calls.values()], texts)) {
  for (const { text, isRare } of unused) {
    console.log(`${file}: not needed${isRare ? ', and rare' : ''}: ${text}`);
  }
}
process.exitCode = missing.length === 0 ? 0 : 1;
