// SPDX-License-Identifier: Apache-2.0

/**
 * The options of the command and their documentation: `--help`, the parser and the README's table come from here.
 * Names and meanings are virtiofsd's where it has the option too.
 */

import { cacheOptions } from './options/cache.js';
import { confinementOptions } from './options/confinement.js';
import type { OptionDefinition } from './options/definition.js';
import { extendedAttributeOptions } from './options/extended-attributes.js';
import { fileSystemOptions } from './options/file-system.js';
import { identityOptions } from './options/identity.js';
import { informationOptions } from './options/information.js';
import { resourceOptions } from './options/resources.js';
import { transportOptions } from './options/transport.js';

/** The options by what they are about, in the order of the documentation. */
export const optionGroups = Object.freeze({
  'The share and its socket': transportOptions,
  'File system': fileSystemOptions,
  Caches: cacheOptions,
  'Extended attributes': extendedAttributeOptions,
  Identity: identityOptions,
  Confinement: confinementOptions,
  Resources: resourceOptions,
  Information: informationOptions,
}) satisfies Readonly<Record<string, readonly OptionDefinition[]>>;

type Definition = (typeof optionGroups)[keyof typeof optionGroups][number];

/** The name of an option. */
export type OptionName = Definition['name'];

/** The name of an option that takes a value and may be given several times. */
export type ListOptionName = Extract<Definition, { readonly repeatable: true }>['name'];

/** The name of an option that takes a value and may be given once. */
export type ValueOptionName = Exclude<
  Extract<Definition, { readonly value: string }>['name'],
  ListOptionName
>;

/** The name of an option that takes none. */
export type FlagOptionName = Exclude<OptionName, ValueOptionName | ListOptionName>;

/** All options in order. */
export const optionDefinitions: readonly (OptionDefinition & { readonly name: OptionName })[] =
  Object.values(optionGroups).flat();
