// SPDX-License-Identifier: Apache-2.0

/**
 * What a conversion remembers while it is under way, in a file beside the tree, where no guest can write: what it was
 * to do, and of each object in the order of the walk its fingerprint and its times. The file gets its name when it is
 * complete and nothing was changed yet; as long as it is there, the tree is between two models. Where exactly, the
 * objects themselves say.
 */

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { VfsdError } from '../errors.js';
import { toSystemFailure } from '../native/system-failure.js';
import { fingerprintSize } from './fingerprint.js';
import { isCode } from './host-failure.js';

export interface ConversionTask {
  readonly from: string;
  readonly to: string;
  /** The tree, by device and inode. */
  readonly tree: string;
  readonly copyTo: string | null;
}

export interface ObjectRecord {
  readonly fingerprint: Buffer;
  readonly accessNs: bigint;
  readonly modificationNs: bigint;
}

const headerSize = 8192;
const recordSize = fingerprintSize + 16;
const bufferedRecords = 4096;
const { O_CREAT, O_NOFOLLOW, O_RDWR, O_TRUNC } = constants;

/** Collects the records of a tree before anything is changed. */
export class ManifestWriter {
  readonly #path: string;
  readonly #fd: number;
  readonly #pending: Buffer[] = [];
  #count = 0;

  constructor(path: string) {
    this.#path = path;
    this.#fd = reached(path, () =>
      openSync(temporary(path), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600),
    );
  }

  add({ fingerprint, accessNs, modificationNs }: ObjectRecord): void {
    const record = Buffer.alloc(recordSize);
    fingerprint.copy(record);
    record.writeBigInt64LE(accessNs, fingerprintSize);
    record.writeBigInt64LE(modificationNs, fingerprintSize + 8);
    this.#pending.push(record);
    this.#count += 1;
    if (this.#pending.length >= bufferedRecords) this.#flush();
  }

  /** From now on the tree counts as one that is being converted. */
  complete(task: ConversionTask): Manifest {
    reached(this.#path, () => {
      this.#flush();
      const header = Buffer.alloc(headerSize, ' ');
      header.write(JSON.stringify({ version: 1, ...task, objects: this.#count }));
      writeAll(this.#fd, header, 0);
      fsyncSync(this.#fd);
      closeSync(this.#fd);
      renameSync(temporary(this.#path), this.#path);
    });
    const manifest = Manifest.find(this.#path);
    if (manifest === null) throw new Error(`${this.#path} has gone`);
    return manifest;
  }

  discard(): void {
    closeSync(this.#fd);
    rmSync(temporary(this.#path), { force: true });
  }

  #flush(): void {
    const position = headerSize + (this.#count - this.#pending.length) * recordSize;
    writeAll(this.#fd, Buffer.concat(this.#pending.splice(0)), position);
  }
}

export class Manifest {
  readonly #path: string;
  readonly #fd: number;
  readonly task: ConversionTask;
  readonly objects: number;
  #buffer = Buffer.alloc(0);
  #bufferStart = 0;

  /** Null: there is no such file. Throws VfsdError for one that is no manifest. */
  static find(path: string): Manifest | null {
    return reached(path, () => {
      try {
        return new Manifest(path, openSync(path, constants.O_RDONLY | O_NOFOLLOW));
      } catch (error) {
        if (isCode(error, 'ENOENT')) return null;
        throw error;
      }
    });
  }

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
    const header = Buffer.alloc(headerSize);
    readSync(fd, header, 0, headerSize, 0);
    const parsed = parseHeader(header);
    const size = headerSize + (parsed?.objects ?? 0) * recordSize;
    if (parsed === null || fstatSync(fd).size !== size) {
      closeSync(fd);
      throw new VfsdError('VFSD_MAPPED_STATE', path, {
        answer: 'the file is none of a conversion',
        hint: 'remove it if nobody needs it, or name another one in --state',
      });
    }
    ({ objects: this.objects } = parsed);
    this.task = { from: parsed.from, to: parsed.to, tree: parsed.tree, copyTo: parsed.copyTo };
  }

  /** Null: there were not so many objects. */
  record(index: number): ObjectRecord | null {
    if (index >= this.objects) return null;
    const end = this.#bufferStart + this.#buffer.length / recordSize;
    if (index < this.#bufferStart || index >= end) this.#fill(index);
    const at = (index - this.#bufferStart) * recordSize;
    return {
      fingerprint: this.#buffer.subarray(at, at + fingerprintSize),
      accessNs: this.#buffer.readBigInt64LE(at + fingerprintSize),
      modificationNs: this.#buffer.readBigInt64LE(at + fingerprintSize + 8),
    };
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** The conversion has come to its end. */
  remove(): void {
    rmSync(this.#path, { force: true });
  }

  #fill(index: number): void {
    const count = Math.min(bufferedRecords, this.objects - index);
    this.#buffer = Buffer.alloc(count * recordSize);
    this.#bufferStart = index;
    readSync(this.#fd, this.#buffer, 0, this.#buffer.length, headerSize + index * recordSize);
  }
}

type Header = ConversionTask & { readonly objects: number };

function parseHeader(header: Buffer): Header | null {
  let value: unknown;
  try {
    value = JSON.parse(header.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  return isHeader(value) ? value : null;
}

function isHeader(value: unknown): value is Header {
  if (typeof value !== 'object' || value === null) return false;
  const { version, from, to, tree, copyTo, objects } = value as Record<string, unknown>;
  return (
    version === 1 &&
    [from, to, tree].every((text) => typeof text === 'string') &&
    (copyTo === null || typeof copyTo === 'string') &&
    Number.isSafeInteger(objects)
  );
}

function temporary(path: string): string {
  return `${path}.new`;
}

function writeAll(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

function reached<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof VfsdError) throw error;
    throw new VfsdError('VFSD_MAPPED_ACCESS', `remember the conversion in ${path}`, {
      answer: toSystemFailure(error),
      hint: 'name a file in a directory that you may write, outside of the tree, in --state',
      cause: error,
    });
  }
}
