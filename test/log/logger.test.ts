// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { SinkLogger } from '../../src/log/logger.js';
import { logLevels } from '../../src/log/level.js';
import { RateLimitedLogger } from '../../src/log/rate-limit.js';
import { DescriptorSink } from '../../src/log/stderr-sink.js';
import { RecordingLogger } from '../doubles/recording-logger.js';

t.test('a message is one line, with its level', async (t) => {
  const lines: string[] = [];
  const logger = new SinkLogger({ write: (line) => lines.push(line) }, 'trace');
  logger.error('a');
  logger.warn('b');
  logger.info('c');
  logger.debug('d');
  logger.trace('e\nf\u001b[2Jg\u2028h');
  t.same(lines, [
    'vfsd: error: a\n',
    'vfsd: warning: b\n',
    'vfsd: c\n',
    'vfsd: debug: d\n',
    'vfsd: trace: e\ufffdf\ufffd[2Jg\ufffdh\n',
  ]);
});

t.test('the level decides what is shown', async (t) => {
  for (const [count, level] of logLevels.entries()) {
    const lines: string[] = [];
    const logger = new SinkLogger({ write: (line) => lines.push(line) }, level);
    for (const message of ['error', 'warn', 'info', 'debug', 'trace'] as const) {
      logger.log(message, 'x');
    }
    t.equal(lines.length, count, level);
  }
});

/** A clock that stands still until it is told. */
class ManualClock {
  time = 0;
  readonly due: (() => void)[] = [];
  nowMs(): number {
    return this.time;
  }
  after(_milliseconds: number, callback: () => void): void {
    this.due.push(callback);
  }
}

t.test('a flood is cut, and the cut is counted', async (t) => {
  const clock = new ManualClock();
  const recorded = new RecordingLogger();
  const logger = new RateLimitedLogger(recorded, { burst: 3, intervalMs: 1000 }, clock);
  for (let n = 0; n < 10; n += 1) logger.warn(`message ${n}`);
  t.equal(recorded.lines.length, 3);
  logger.debug('passes');
  t.equal(recorded.lines.length, 4);
  clock.time = 999;
  logger.warn('too soon');
  t.equal(recorded.lines.length, 4);
  clock.time = 1000;
  logger.error('late');
  logger.error('too much again');
  t.same(recorded.lines.slice(4), [
    'warn: 8 messages were left out: too many in a short time',
    'error: late',
  ]);
  clock.time = 1_000_000;
  for (let n = 0; n < 10; n += 1) logger.warn('more');
  t.equal(recorded.lines.length, 10, 'a long silence allows no more than a burst');
});

t.test('the cut is told when the flood is over, though nothing else comes', async (t) => {
  const clock = new ManualClock();
  const recorded = new RecordingLogger();
  const logger = new RateLimitedLogger(recorded, { burst: 1, intervalMs: 1000 }, clock);
  for (let n = 0; n < 5; n += 1) logger.warn('flood');
  t.equal(clock.due.length, 1, 'one report for all of them');
  clock.time = 999.5;
  clock.due.shift()?.();
  t.equal(recorded.lines.length, 1, 'a timer that is early has nothing to give');
  clock.time = 1001;
  clock.due.shift()?.();
  t.same(recorded.lines.slice(1), ['warn: 4 messages were left out: too many in a short time']);
  logger.warn('more');
  t.equal(recorded.lines.length, 2, 'the report counts as a message');
  clock.time = 5000;
  logger.warn('much later');
  clock.due.shift()?.();
  t.equal(recorded.lines.length, 4, 'and is not made twice');
});

t.test('a reader that is gone or does not read costs lines only', async (t) => {
  const written: string[] = [];
  let isBroken = true;
  const sink = new DescriptorSink(2, (_fd, text) => {
    if (isBroken) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });
    written.push(text);
  });
  sink.write('one\n');
  sink.write('two\n');
  isBroken = false;
  sink.write('three\n');
  sink.write('four\n');
  t.same(written, ['vfsd: warning: 2 lines of this log were lost\nthree\n', 'four\n']);
});
