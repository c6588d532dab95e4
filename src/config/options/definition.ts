// SPDX-License-Identifier: Apache-2.0

export interface OptionDefinition {
  /** Name without the leading dashes. */
  readonly name: string;
  /** One letter, for the options that every program has. */
  readonly alias?: string;
  /** Stands for the value in the documentation; absent: the option is a flag and takes none. */
  readonly value?: string;
  readonly choices?: readonly string[];
  /** What the option means when no value stands after it; one that has this takes a value only after `=`. */
  readonly withoutValue?: string;
  /** It may be given several times. */
  readonly repeatable?: true;
  /** The default in words; absent: there is none. */
  readonly default?: string;
  /** What it does: one sentence, for `--help`. */
  readonly summary: string;
  /** Why the default, when another choice is wrong, what it costs: for the README. */
  readonly detail: string;
}
