// SPDX-License-Identifier: Apache-2.0

/**
 * Makes Node load now what it would load at first use. Later the same files would be looked for in the guest's tree,
 * and the main thread's filter forbids that. Returns what it made, of no use to the caller.
 */
export function preload(): readonly unknown[] {
  return [
    // Time zone data, from /etc/localtime and /usr/share/zoneinfo.
    new Date().toString(),
    new Intl.DateTimeFormat().format(new Date()),
    // An uncaught error is printed through process.stderr, which is made at its first use.
    process.stderr.fd,
    // The text of an error is put together when somebody asks for it.
    new Error('preload').stack,
    performance.now(),
  ];
}
