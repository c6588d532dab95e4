// SPDX-License-Identifier: Apache-2.0

import yargs, { type Argv, type Options } from 'yargs';
import type { OptionDefinition } from './options/definition.js';

const helpWidth = 100;

/**
 * A parser that takes a command line literally: no option has other names than its own, values stay texts, and what is
 * wrong is thrown.
 * @param wrongUse makes an error of what the parser says
 */
export function strictParser(
  args: readonly string[],
  scriptName: string,
  usageText: string,
  wrongUse: (problem: string) => Error,
): Argv {
  return yargs([...args])
    .scriptName(scriptName)
    .usage(usageText)
    .locale('en')
    .help(false)
    .version(false)
    .exitProcess(false)
    .strict()
    .wrap(helpWidth)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .fail((message, error) => {
      throw message ? wrongUse(message.replaceAll('\n', ' ')) : error;
    });
}

/** How an option is written; what else is to be known of it is the caller's. */
export function optionForm({ alias, value }: Pick<OptionDefinition, 'alias' | 'value'>): Options {
  return {
    ...(alias === undefined ? {} : { alias }),
    ...(value === undefined ? { boolean: true } : { string: true, requiresArg: true }),
  };
}
