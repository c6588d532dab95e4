// SPDX-License-Identifier: Apache-2.0

/** A conversion from its checks to its verification. */

import { mkdirSync, realpathSync, statfsSync, statSync, type BigIntStats } from 'node:fs';
import { dirname, join, basename } from 'node:path';
import { VfsdError } from '../errors.js';
import { toSystemFailure } from '../native/system-failure.js';
import type { DirectoryTraits } from '../native/types.js';
import { hiddenIn, type ConversionSetup } from './conversion-setup.js';
import { convertInPlace } from './convert-in-place.js';
import { convertToCopy } from './convert-copy.js';
import { findingLine, type Finding } from './finding.js';
import { isCode } from './host-failure.js';
import { Manifest, ManifestWriter, type ConversionTask } from './manifest.js';
import type { SecurityModel } from './model.js';
import type { Holder } from './open-elsewhere.js';
import { survey, type Survey } from './preflight.js';
import { needOf, roomTrouble } from './room.js';
import { shownName } from './shown-name.js';
import type { TreeAccess } from './tree-access.js';
import { inodeKey } from './tree-object.js';
import { differences } from './verify.js';

export interface ConversionRequest {
  readonly path: string;
  readonly from: SecurityModel;
  readonly to: SecurityModel;
  readonly copyTo: string | null;
  /** Null: beside the tree, or the copy. */
  readonly state: string | null;
  readonly fmode: number;
  readonly dmode: number;
  readonly crossesMounts: boolean;
  readonly isDryRun: boolean;
}

/** What is said on the way. */
export interface Reporter {
  readonly note: (line: string) => void;
  readonly progress: (stage: string, objects: number) => void;
}

export interface Surroundings {
  readonly access: TreeAccess;
  /** Whether this process may give files away, make devices and pass permissions by. */
  readonly isRoot: boolean;
  readonly uid: number;
  readonly traitsOf: (path: string) => DirectoryTraits;
  /** Another process that has the tree open. */
  readonly holderOf: (tree: BigIntStats) => Holder | null;
}

export interface Outcome {
  readonly objects: number;
  /** Null for one that went on from an earlier run. */
  readonly survey: Survey | null;
}

/** Throws VfsdError. */
export function convert(
  surroundings: Surroundings,
  request: ConversionRequest,
  reporter: Reporter,
): Outcome {
  return new Conversion(surroundings, request, reporter).run();
}

class Conversion {
  readonly #around: Surroundings;
  readonly #request: ConversionRequest;
  readonly #reporter: Reporter;
  readonly #tree: string;
  readonly #copyTo: string | null;
  readonly #status: BigIntStats;

  constructor(around: Surroundings, request: ConversionRequest, reporter: Reporter) {
    this.#around = around;
    this.#request = request;
    this.#reporter = reporter;
    this.#tree = resolved(request.path, () => realpathSync(request.path));
    this.#status = resolved(request.path, () => statSync(this.#tree, { bigint: true }));
    const { copyTo } = request;
    this.#copyTo =
      copyTo === null
        ? null
        : resolved(copyTo, () => join(realpathSync(dirname(copyTo)), basename(copyTo)));
  }

  run(): Outcome {
    this.#assertSuited();
    const begun = Manifest.find(this.#state);
    if (begun === null) return this.#begin();
    this.#assertSame(begun.task);
    if (this.#request.isDryRun) {
      throw this.#refused('VFSD_MAPPED_STATE', `a conversion of it was begun (${this.#state})`);
    }
    this.#reporter.note(`going on with the conversion that was begun (${this.#state})`);
    return this.#finish(begun, null);
  }

  get #state(): string {
    return this.#request.state ?? `${(this.#copyTo ?? this.#tree).replace(/\/$/, '')}.vfsd-convert`;
  }

  get #task(): ConversionTask {
    const { from, to } = this.#request;
    return { from, to, tree: inodeKey(this.#status), copyTo: this.#copyTo };
  }

  #setup(stage: string): ConversionSetup {
    const { from, to, fmode, dmode, crossesMounts } = this.#request;
    return {
      path: this.#tree,
      from,
      to,
      copyTo: this.#copyTo,
      fmode,
      dmode,
      crossesMounts,
      // Before a conversion starts, a name that only the new model hides is something to be found.
      skips: stage === 'convert' && this.#copyTo === null ? hiddenIn(from, to) : hiddenIn(from),
      onProgress: (objects) => {
        this.#reporter.progress(stage, objects);
      },
    };
  }

  #assertSuited(): void {
    const { to, from, copyTo } = this.#request;
    if (!this.#status.isDirectory()) {
      throw this.#refused('VFSD_MAPPED_UNSUITED', 'it is no directory');
    }
    if (from === to) throw this.#refused('VFSD_MAPPED_UNSUITED', `it is to be ${to} already`);
    if (`${this.#copyTo ?? ''}/`.startsWith(`${this.#tree}/`)) {
      throw this.#refused('VFSD_MAPPED_UNSUITED', `the copy ${copyTo ?? ''} would be a part of it`);
    }
    if (`${dirname(this.#state)}/`.startsWith(`${this.#tree}/`)) {
      throw this.#refused(
        'VFSD_MAPPED_UNSUITED',
        `${this.#state} is in the tree, where its guest can write`,
      );
    }
    if (to === 'passthrough' && !this.#around.isRoot) {
      throw this.#refused('VFSD_MAPPED_PRIVILEGE', 'passthrough takes the real owners and devices');
    }
    const place = this.#copyTo === null ? this.#tree : dirname(this.#copyTo);
    const { xattrs } = this.#around.traitsOf(place);
    if (to === 'mapped-xattr' && xattrs !== undefined) {
      throw new VfsdError('VFSD_MAPPED_UNSUITED', this.#request.path, {
        answer: xattrs,
        hint: `the file system of ${place} has no attributes (user.*): choose --to=mapped-file`,
      });
    }
    const holder = this.#around.holderOf(this.#status);
    if (holder !== null) {
      const who = `${shownName(Buffer.from(holder.name))} (process ${holder.pid})`;
      throw this.#refused('VFSD_MAPPED_IN_USE', `${who} has it open`);
    }
  }

  #assertSame(task: ConversionTask): void {
    const wanted = this.#task;
    const { from, to, tree, copyTo } = task;
    const isSame =
      from === wanted.from && to === wanted.to && tree === wanted.tree && copyTo === wanted.copyTo;
    if (isSame) return;
    const where = copyTo === null ? '' : ` as a copy to ${copyTo}`;
    const what = tree === wanted.tree ? `from ${from} to ${to}${where}` : 'of another tree';
    throw this.#refused('VFSD_MAPPED_STATE', `${this.#state} is of a conversion ${what}`);
  }

  #begin(): Outcome {
    const { isDryRun } = this.#request;
    if (this.#copyTo !== null && exists(this.#copyTo)) {
      throw this.#refused('VFSD_MAPPED_UNSUITED', `${this.#copyTo} is there already`);
    }
    const writer = isDryRun ? null : new ManifestWriter(this.#state);
    let found: Survey;
    try {
      found = this.#survey(writer);
    } catch (error) {
      writer?.discard();
      throw error;
    }
    if (writer === null) return { objects: found.objects, survey: found };
    this.#around.access.announce('begin');
    return this.#finish(writer.complete(this.#task), found);
  }

  #survey(writer: ManifestWriter | null): Survey {
    let findings = 0;
    const { isRoot, uid, access } = this.#around;
    const found = survey(access, {
      setup: this.#setup('look'),
      isRoot,
      uid,
      onFinding: (finding: Finding) => {
        findings += 1;
        this.#reporter.note(findingLine(finding));
      },
      onRecord: (record) => writer?.add(record),
      onMount: (path) => {
        this.#reporter.note(`${path.shown} is a mount point and stays as it is (--cross-mounts)`);
      },
    });
    if (findings > 0) {
      const things = findings === 1 ? 'one thing is' : `${findings} things are`;
      throw this.#refused('VFSD_MAPPED_UNSUITED', `${things} in the way`);
    }
    const free = statfsSync(this.#copyTo === null ? this.#tree : dirname(this.#copyTo), {
      bigint: true,
    });
    const trouble = roomTrouble(needOf(this.#setup('look'), found, free.bsize), free);
    if (trouble !== null) throw this.#refused('VFSD_MAPPED_UNSUITED', trouble);
    return found;
  }

  #finish(manifest: Manifest, found: Survey | null): Outcome {
    const { access } = this.#around;
    try {
      const setup = this.#setup('convert');
      if (this.#copyTo === null) convertInPlace(access, setup, manifest);
      else {
        makeTree(this.#copyTo);
        convertToCopy(access, setup, this.#copyTo, manifest);
      }
      const different = differences(access, this.#setup('verify'), manifest);
      for (const line of different) this.#reporter.note(line);
      if (different.length > 0) throw this.#differs(different.length);
      access.announce('end');
      manifest.remove();
      return { objects: manifest.objects, survey: found };
    } finally {
      manifest.close();
    }
  }

  #differs(count: number): VfsdError {
    return this.#refused(
      'VFSD_MAPPED_DIFFERS',
      `${count} ${count === 1 ? 'difference' : 'differences or more'}; ${this.#state} is kept`,
    );
  }

  #refused(code: VfsdError['code'], answer: string): VfsdError {
    return new VfsdError(code, this.#request.path, { answer });
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** An earlier run may have made it. */
function makeTree(path: string): void {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return;
    throw new VfsdError('VFSD_MAPPED_ACCESS', `make ${path}`, { answer: toSystemFailure(error) });
  }
}

function resolved<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new VfsdError('VFSD_MAPPED_ACCESS', `look at ${path}`, {
      answer: toSystemFailure(error),
    });
  }
}
