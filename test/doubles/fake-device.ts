// SPDX-License-Identifier: Apache-2.0

import type { DeviceMetrics, SlowRequest } from '../../src/native/device-metrics.js';
import type {
  Fd,
  MemoryRegion,
  NativeDevice,
  RingIndex,
  RingSetup,
  SetupRefusal,
  SystemFailure,
} from '../../src/native/types.js';

/** What a device has counted before its first request. */
export const nothingCounted: DeviceMetrics = {
  bucketEndsNs: [256, 384, 512],
  opcodes: [],
  errors: [],
  queues: [],
  readBytes: 0,
  writtenBytes: 0,
  slowRequestsLost: 0,
  inodes: 1,
  openFiles: 0,
  openDirectories: 0,
  descriptors: 1,
  descriptorLimit: 1024,
};

/** A device that serves nothing, and insists on the rules of its contract. */
export class FakeDevice implements NativeDevice {
  memory: readonly MemoryRegion[] = [];
  readonly running = new Map<RingIndex, RingSetup>();
  readonly lastBase = new Map<RingIndex, number>();
  readonly calls: string[] = [];
  resets = 0;
  counted: DeviceMetrics = nothingCounted;
  readonly slow: SlowRequest[] = [];
  memoryAnswer: SystemFailure | SetupRefusal | undefined;
  startAnswer: SystemFailure | SetupRefusal | undefined;
  callAnswer: SystemFailure | undefined;
  /** How many entries each ring has "served" when it is stopped. */
  served = 0;
  /** Resolved before stopRing resolves. */
  drain: Promise<void> = Promise.resolve();

  setMemory(regions: readonly MemoryRegion[]): SystemFailure | SetupRefusal | undefined {
    if (this.running.size > 0) throw new Error('memory was changed while a ring runs');
    this.calls.push(`setMemory(${regions.length})`);
    if (this.memoryAnswer !== undefined && regions.length > 0) return this.memoryAnswer;
    this.memory = regions;
    return undefined;
  }

  startRing(setup: RingSetup): SystemFailure | SetupRefusal | undefined {
    if (this.running.has(setup.index)) throw new Error(`ring ${setup.index} runs already`);
    this.calls.push(`startRing(${setup.index})`);
    if (this.startAnswer !== undefined) return this.startAnswer;
    this.running.set(setup.index, setup);
    return undefined;
  }

  async stopRing(index: RingIndex): Promise<number> {
    this.calls.push(`stopRing(${index})`);
    await this.drain;
    const setup = this.running.get(index);
    if (setup === undefined) return this.lastBase.get(index) ?? 0;
    const base = (setup.availableBase + this.served) & 0xffff;
    this.running.delete(index);
    this.lastBase.set(index, base);
    return base;
  }

  setTimeouts(): void {
    this.calls.push('setTimeouts');
  }
  metrics(): DeviceMetrics {
    return this.counted;
  }

  takeSlowRequests(): readonly SlowRequest[] {
    return this.slow.splice(0);
  }

  setCall(index: RingIndex, call: Fd | null): SystemFailure | undefined {
    if (!this.running.has(index)) throw new Error(`ring ${index} does not run`);
    this.calls.push(`setCall(${index}, ${call === null ? 'null' : 'fd'})`);
    return this.callAnswer;
  }

  resetSession(): void {
    if (this.running.size > 0) throw new Error('the session was reset while a ring runs');
    this.calls.push('resetSession()');
    this.resets += 1;
  }
}
