// SPDX-License-Identifier: Apache-2.0

import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Loading the addon is `src/native/binding.ts`'s business alone: it holds the one cast. */
const onlyBindingLoads = {
  selector: "CallExpression[callee.name='createRequire']",
  message: 'Only src/native/binding.ts loads the addon.',
};

/** An exit in the middle of something leaves sockets and descriptors behind. */
const onlyMainExits = {
  selector:
    "CallExpression[callee.object.name='process'][callee.property.name=/^(exit|abort)$/], " +
    "CallExpression[callee.property.name='endProcess']",
  message: 'Only src/main.ts ends the process.',
};

export default defineConfig([
  globalIgnores(['build/', 'dist/', 'node_modules/', '.tap/']),
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: false },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'max-lines': ['error', { max: 400 }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', onlyMainExits, onlyBindingLoads] },
  },
  { files: ['src/main.ts'], rules: { 'no-restricted-syntax': ['error', onlyBindingLoads] } },
  { files: ['src/native/binding.ts'], rules: { 'no-restricted-syntax': ['error', onlyMainExits] } },
  {
    files: ['test/**/*.ts'],
    rules: {
      // tap's own idiom: t.test() returns a promise that the runner awaits.
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
]);
