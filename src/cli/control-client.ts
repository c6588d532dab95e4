// SPDX-License-Identifier: Apache-2.0

import { request } from 'node:http';
import { VfsdError } from '../errors.js';
import { toSystemFailure } from '../native/system-failure.js';
import type { Status } from '../metrics/status.js';

const patienceMs = 5000;

/** Asks a daemon on its control socket. Rejects with VFSD_CONTROL_SOCKET. */
export async function ask(
  socketPath: string,
  method: 'GET' | 'PUT',
  path: string,
  body = '',
): Promise<string> {
  const { status, text } = await exchange(socketPath, method, path, body);
  if (status === 200) return text;
  throw new VfsdError('VFSD_CONTROL_SOCKET', socketPath, {
    answer: `${status}: ${text.trim()}`,
    ...(status === 400 ? { hint: 'the daemon did not take what was asked of it' } : {}),
  });
}

export async function askStatus(socketPath: string): Promise<Status> {
  const text = await ask(socketPath, 'GET', '/stat');
  try {
    // From the same program, so its shape is taken on trust.
    return JSON.parse(text) as Status;
  } catch (cause) {
    throw new VfsdError('VFSD_CONTROL_SOCKET', socketPath, { answer: 'it is not vfsd', cause });
  }
}

function exchange(
  socketPath: string,
  method: string,
  path: string,
  body: string,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (answer: ReturnType<typeof toSystemFailure> | string): void => {
      reject(new VfsdError('VFSD_CONTROL_SOCKET', socketPath, { answer }));
    };
    const asked = request(
      { socketPath, method, path, headers: { 'Content-Length': Buffer.byteLength(body) } },
      (response) => {
        response.setEncoding('utf8');
        let text = '';
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text });
        });
        response.on('error', (error) => {
          fail(error.message);
        });
      },
    );
    asked.setTimeout(patienceMs, () => {
      asked.destroy(new Error(`no answer in ${patienceMs / 1000} seconds`));
    });
    asked.on('error', (error) => {
      fail('syscall' in error ? toSystemFailure(error) : error.message);
    });
    asked.end(body);
  });
}
