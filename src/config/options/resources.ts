// SPDX-License-Identifier: Apache-2.0

import { logFormats } from '../../log/formats.js';
import { logLevels } from '../../log/level.js';
import type { OptionDefinition } from './definition.js';

export const resourceOptions = [
  {
    name: 'thread-pool-size',
    value: 'N',
    default: '8',
    summary: 'How many threads stand by to take over a queue when a request has to sleep, 0 to 64.',
    detail:
      'Cached requests run in the thread that found them and pay nothing for the others. With 0 everything runs ' +
      'inline: a slow disk then holds up all requests of its queue.',
  },
  {
    name: 'poll-limit',
    value: 'US',
    default: '50',
    summary:
      'For how many microseconds a thread may look for the next request before it sleeps, 0 to 1000.',
    detail:
      'It looks only while requests have come so closely, stops when anybody else wants its CPU, and sleeps when the ' +
      'guest rests. What it saves is a wake-up, which costs more than most requests; what it costs is CPU time that ' +
      'nobody else wanted. 0 where each idle cycle counts.',
  },
  {
    name: 'rlimit-nofile',
    value: 'N',
    default: '1000000, or nr_open or the hard limit if that is less',
    summary: 'How many descriptors the daemon may have; 0 leaves the limit as it is.',
    detail:
      'Each inode that the guest remembers holds one. When they run out, the guest gets EMFILE and the daemon goes ' +
      'on. The hard limit does not count for who has CAP_SYS_RESOURCE, as root does outside of most containers.',
  },
  {
    name: 'control-socket',
    value: 'PATH',
    summary: 'Answer questions about the daemon (`vfsd stat`, `vfsd top`, Prometheus) on PATH.',
    detail:
      'A Unix socket with mode 0600, which speaks HTTP. Who can connect sees what is counted and can change the log ' +
      'level. Removed at the end. See docs/observing.md.',
  },
  {
    name: 'slow-request-ms',
    value: 'MS',
    default: '0',
    summary: 'Log requests that take at least MS milliseconds; 0: none.',
    detail:
      'As warnings, with opcode, node, duration and whether the request had to wait for the host. Locks that wait for ' +
      'another owner do not count.',
  },
  {
    name: 'log-format',
    value: 'FORMAT',
    choices: logFormats,
    default: 'journal where stderr is the journal, else text',
    summary: 'How the log is written: text, json or journal.',
    detail:
      '`text` is for people. `json` is an object in each line. `journal` sends fields of their own to the journal ' +
      '(`VFSD_TAG`, `VFSD_RING`, `ERRNO` …), by which `journalctl` can select. See docs/observing.md.',
  },
  {
    name: 'syslog',
    summary: 'Write the log to syslog (/dev/log) instead of stderr.',
    detail: 'What goes wrong before the daemon is started is on stderr all the same.',
  },
  {
    name: 'log-level',
    value: 'LEVEL',
    choices: logLevels,
    default: 'info',
    summary: 'What is written to stderr: off, error, warn, info, debug or trace.',
    detail:
      'What a guest can provoke is limited in rate up to `info`; `debug` and `trace` are not, and can fill a disk.',
  },
] as const satisfies readonly OptionDefinition[];
