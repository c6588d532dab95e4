// SPDX-License-Identifier: Apache-2.0

import { readCacheTimeouts, type CacheTimeouts } from '../config/timeouts.js';
import { logLevels, type LogLevel } from '../log/level.js';
import { prometheusContentType, prometheusText } from '../metrics/prometheus.js';
import type { Status } from '../metrics/status.js';
import type { HttpRequest } from './http-request.js';
import { plain, type HttpResponse } from './http-response.js';

/** What the control socket can ask for and change. */
export interface Controlled {
  status(): Status;
  setLogLevel(level: LogLevel): void;
  setTimeouts(timeouts: CacheTimeouts): void;
}

type Route = (controlled: Controlled, body: string) => HttpResponse;

const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/metrics': {
    GET: (controlled) => ({
      status: 200,
      contentType: prometheusContentType,
      body: prometheusText(controlled.status()),
    }),
  },
  '/stat': {
    GET: (controlled) => ({
      status: 200,
      contentType: 'application/json',
      body: JSON.stringify(controlled.status()),
    }),
  },
  '/log-level': {
    PUT: (controlled, body) => {
      const level = logLevels.find((candidate) => candidate === body.trim());
      if (level === undefined) return plain(400, `the levels are ${logLevels.join(', ')}`);
      controlled.setLogLevel(level);
      return plain(200, level);
    },
  },
  '/timeouts': {
    PUT: (controlled, body) => {
      const timeouts = readCacheTimeouts(body);
      if (timeouts === null) return plain(400, 'that is no set of timeouts');
      controlled.setTimeouts(timeouts);
      return plain(200, 'done');
    },
  },
};

/** Answers a request on the control socket. */
export function answer(controlled: Controlled, { method, path, body }: HttpRequest): HttpResponse {
  const methods = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (methods === undefined) return plain(404, `there are ${Object.keys(routes).join(', ')}`);
  const route = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (route === undefined) return { ...plain(405), allow: Object.keys(methods).join(', ') };
  return route(controlled, body);
}
