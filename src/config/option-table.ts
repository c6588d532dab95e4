// SPDX-License-Identifier: Apache-2.0

import { optionGroups } from './options.js';
import type { OptionDefinition } from './options/definition.js';

const begin = '<!-- options:begin -->';
const end = '<!-- options:end -->';

/** The options as Markdown: a table for each group. */
export function optionTable(): string {
  return Object.entries(optionGroups)
    .map(([group, options]) =>
      [
        `**${group}**`,
        '',
        '| Option | Default | Meaning |',
        '| --- | --- | --- |',
        ...options.map((option: OptionDefinition) => row(option)),
      ].join('\n'),
    )
    .join('\n\n');
}

/** The document with the table between its markers replaced. Throws when it has no such markers. */
export function replaceOptionTable(document: string): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the markers ${begin} and ${end} are missing`);
  return `${document.slice(0, from + begin.length)}\n${optionTable()}\n${document.slice(to)}`;
}

function row(option: OptionDefinition): string {
  const names = [`\`--${option.name}${valuePart(option)}\``];
  if (option.alias !== undefined) names.push(`\`-${option.alias}\``);
  const meaning = [option.summary, option.detail].filter((text) => text !== '').join(' ');
  return [names.join(', '), option.default ?? '', meaning].map(cell).join('').concat('|');
}

function valuePart({ value, choices, withoutValue }: OptionDefinition): string {
  if (value === undefined) return '';
  const part = `=${choices?.join('|') ?? value}`;
  return withoutValue === undefined ? part : `[${part}]`;
}

function cell(text: string): string {
  return `| ${text.replaceAll('|', '\\|')} `;
}
