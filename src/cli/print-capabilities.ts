// SPDX-License-Identifier: Apache-2.0

/**
 * What `--print-capabilities` answers (QEMU's docs/interop/vhost-user.rst, "Backend program conventions", and
 * vhost-user.json). `separate-options` makes libvirt use the long options instead of `-o`.
 */
export function capabilitiesJson(): string {
  return JSON.stringify({ type: 'fs', features: ['separate-options'] }, null, 2);
}
