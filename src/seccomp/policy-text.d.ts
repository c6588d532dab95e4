// SPDX-License-Identifier: Apache-2.0

/** scripts/bundle.mjs embeds policy files as text. */
declare module '*.policy' {
  const text: string;
  export default text;
}
