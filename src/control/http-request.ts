// SPDX-License-Identifier: Apache-2.0

/** As much of HTTP/1.1 (RFC 9112) as a scraper and `vfsd` itself speak: one request a connection. */

/** A request longer than this is nobody's who means well. */
export const longestRequest = 8192;

export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly body: string;
}

export type ParsedRequest =
  | { readonly kind: 'complete'; readonly request: HttpRequest }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'bad'; readonly status: number };

const headEnd = '\r\n\r\n';
const incomplete = Object.freeze({ kind: 'incomplete' });

/** Takes apart what has come so far. */
export function parseRequest(bytes: Uint8Array): ParsedRequest {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const end = text.indexOf(headEnd);
  if (end < 0) return bytes.byteLength >= longestRequest ? bad(431) : incomplete;
  const [requestLine = '', ...headers] = text.slice(0, end).split('\r\n');
  const [, method, target] =
    /^([A-Z]{1,16}) (\/[\x21-\x7e]{0,255}) HTTP\/1\.[01]$/.exec(requestLine) ?? [];
  if (method === undefined || target === undefined) return bad(400);
  const fields = headers.map((line) =>
    /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line),
  );
  if (fields.includes(null)) return bad(400);
  const valuesOf = (name: string): readonly string[] =>
    fields.flatMap((field) => (field?.[1]?.toLowerCase() === name ? [field[2] ?? ''] : []));
  if (valuesOf('transfer-encoding').length > 0) return bad(501);
  const lengths = valuesOf('content-length');
  if (lengths.length > 1 || !/^[0-9]{1,8}$/.test(lengths[0] ?? '0')) return bad(400);
  const length = Number(lengths[0] ?? '0');
  const begin = end + headEnd.length;
  if (begin + length > longestRequest) return bad(413);
  if (bytes.byteLength < begin + length) return incomplete;
  const body = Buffer.from(bytes.subarray(begin, begin + length)).toString('utf8');
  return { kind: 'complete', request: { method, path: target.replace(/\?.*/, ''), body } };
}

function bad(status: number): ParsedRequest {
  return { kind: 'bad', status };
}
