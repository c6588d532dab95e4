// SPDX-License-Identifier: Apache-2.0

import { usage } from '../config/usage.js';

/** Options of `-o` without a value, and what they are now; an empty list: what vfsd does anyway. */
const switches: Readonly<Record<string, readonly string[]>> = {
  xattr: ['--xattr'],
  no_xattr: [],
  flock: ['--flock'],
  no_flock: ['--no-flock'],
  posix_lock: ['--posix-lock'],
  no_posix_lock: ['--no-posix-lock'],
  writeback: ['--writeback'],
  no_writeback: [],
  readdirplus: [],
  no_readdirplus: ['--no-readdirplus'],
  allow_direct_io: ['--allow-direct-io'],
  no_allow_direct_io: [],
  announce_submounts: ['--announce-submounts'],
  killpriv_v2: ['--killpriv-v2'],
  no_killpriv_v2: ['--no-killpriv-v2'],
  posix_acl: ['--posix-acl=auto'],
  no_posix_acl: [],
  security_label: ['--security-label=auto'],
  no_security_label: [],
};

/** Options of `-o` with a value. */
const valued: Readonly<Record<string, (value: string) => readonly string[]>> = {
  source: (value) => [`--shared-dir=${value}`],
  cache: (value) => [`--cache=${value === 'none' ? 'never' : value}`],
  sandbox: (value) => [`--sandbox=${value}`],
  log_level: (value) => [`--log-level=${value === 'err' ? 'error' : value}`],
  modcaps: (value) => [`--modcaps=${value}`],
  xattrmap: (value) => [`--xattrmap=${value}`],
  timeout: (value) => [`--entry-timeout=${value}`, `--attr-timeout=${value}`],
  // vfsd's threads are made at the start.
  max_idle_threads: () => [],
};

/**
 * Replaces what QEMU's virtiofsd had and libvirt still says to a daemon that is not known to have separate options:
 * `-o NAME[=VALUE],…`, in which a comma within a value is doubled, `-d` (debug) and `-f` (foreground). Throws
 * VFSD_CONFIG_USAGE for a name that there never was.
 */
export function withoutOlderOptions(args: readonly string[]): readonly string[] {
  const current: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const token = args[index] ?? '';
    if (token === '-d') current.push('--log-level=debug');
    else if (token === '-o') current.push(...expand(args[++index] ?? ''));
    else if (token.startsWith('-o')) current.push(...expand(token.slice(2)));
    else if (token !== '-f') current.push(token);
  }
  return current;
}

function expand(list: string): readonly string[] {
  if (list === '') throw usage('-o needs a list of options behind it');
  // What stands between single commas.
  const parts = Array.from(list.matchAll(/(?:[^,]|,,)+/g), ([part]) => part.replaceAll(',,', ','));
  return parts.flatMap((part) => {
    const [name = '', ...rest] = part.split('=');
    const expanded = rest.length === 0 ? switches[name] : valued[name]?.(rest.join('='));
    if (expanded === undefined) throw usage(`-o ${part} is not known`);
    return expanded;
  });
}
