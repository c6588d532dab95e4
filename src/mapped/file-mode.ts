// SPDX-License-Identifier: Apache-2.0

/** st_mode: a type and permissions. */

export const typeMask = 0o170000;
export const permissionMask = 0o7777;

export const fileTypes = {
  fifo: 0o010000,
  'character device': 0o020000,
  directory: 0o040000,
  'block device': 0o060000,
  'regular file': 0o100000,
  'symbolic link': 0o120000,
  socket: 0o140000,
} as const;
export type FileType = keyof typeof fileTypes;

const namesByBits = new Map(
  Object.entries(fileTypes).map(([name, bits]) => [bits as number, name as FileType]),
);

/** Null: no type that there is. */
export function fileTypeOf(mode: number): FileType | null {
  return namesByBits.get(mode & typeMask) ?? null;
}

export function isDevice(type: FileType | null): boolean {
  return type === 'character device' || type === 'block device';
}

const letters: Readonly<Record<FileType, string>> = {
  fifo: 'p',
  'character device': 'c',
  directory: 'd',
  'block device': 'b',
  'regular file': '-',
  'symbolic link': 'l',
  socket: 's',
};

/** `-rwsr-xr-x`, as ls(1) writes it. */
export function modeText(mode: number): string {
  const type = fileTypeOf(mode);
  const triple = (shift: number, special: number, letter: string): string => {
    const bits = mode >> shift;
    const executes = (bits & 1) !== 0;
    const last = (mode & special) === 0 ? (executes ? 'x' : '-') : letter;
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last === letter && !executes ? letter.toUpperCase() : last}`;
  };
  return `${type === null ? '?' : letters[type]}${triple(6, 0o4000, 's')}${triple(3, 0o2000, 's')}${triple(0, 0o1000, 't')}`;
}

/** The letter that `find -type` has for a type. */
export function typeLetter(type: FileType): string {
  return type === 'regular file' ? 'f' : letters[type];
}
