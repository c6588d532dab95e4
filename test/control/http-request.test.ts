// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { longestRequest, parseRequest } from '../../src/control/http-request.js';

function parse(text: string): ReturnType<typeof parseRequest> {
  return parseRequest(Buffer.from(text, 'utf8'));
}

t.test('a request has a method, a path and perhaps a body', async (t) => {
  t.same(parse('GET /metrics?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n'), {
    kind: 'complete',
    request: { method: 'GET', path: '/metrics', body: '' },
  });
  t.same(parse('PUT /log-level HTTP/1.1\r\ncontent-LENGTH:  5 \r\n\r\ndebug and more'), {
    kind: 'complete',
    request: { method: 'PUT', path: '/log-level', body: 'debug' },
  });
});

t.test('a part of a request is incomplete, wherever it was cut', async (t) => {
  const whole = 'PUT /log-level HTTP/1.1\r\nContent-Length: 5\r\n\r\ndebug';
  for (let length = 0; length < whole.length; length++) {
    t.same(parse(whole.slice(0, length)), { kind: 'incomplete' }, String(length));
  }
});

t.test('what is no request is refused', async (t) => {
  const wrong: readonly [string, number][] = [
    ['hello\r\n\r\n', 400],
    ['get / HTTP/1.1\r\n\r\n', 400],
    ['GET  / HTTP/1.1\r\n\r\n', 400],
    ['GET / HTTP/2\r\n\r\n', 400],
    ['GET http://x/ HTTP/1.1\r\n\r\n', 400],
    [`GET /${'x'.repeat(300)} HTTP/1.1\r\n\r\n`, 400],
    ['GET / HTTP/1.1\r\n folded: x\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nno colon\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx', 400],
    ['PUT / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n', 413],
    ['PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 501],
    ['x'.repeat(longestRequest), 431],
  ];
  for (const [text, status] of wrong) {
    t.same(parse(text), { kind: 'bad', status }, text.slice(0, 60));
  }
});
