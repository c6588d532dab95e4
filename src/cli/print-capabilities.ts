// SPDX-License-Identifier: Apache-2.0

const features = [
  'posix-acl-negotiation-mode',
  'security-label-negotiation-mode',
  'separate-options',
];

/**
 * What `--print-capabilities` answers (QEMU's docs/interop/vhost-user.rst, "Backend program conventions", and
 * vhost-user.json). `separate-options` makes libvirt use the long options instead of `-o`; the others say that
 * `--posix-acl` and `--security-label` take a mode.
 */
export function capabilitiesJson(): string {
  return JSON.stringify({ type: 'fs', features }, null, 2);
}
