// SPDX-License-Identifier: Apache-2.0
export function runConvert(args: readonly string[]): number {
  return args.length;
}
