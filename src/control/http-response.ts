// SPDX-License-Identifier: Apache-2.0

export interface HttpResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Of a 405: the methods that there are. */
  readonly allow?: string;
}

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
};

/** An answer in words. */
export function plain(status: number, text = reasons[status] ?? 'Error'): HttpResponse {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` };
}

/** The bytes of an answer, after which the connection ends. */
export function encodeResponse({ status, contentType, body, allow }: HttpResponse): Uint8Array {
  const bytes = Buffer.from(body, 'utf8');
  const head = [
    `HTTP/1.1 ${status} ${reasons[status] ?? 'Error'}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${bytes.byteLength}`,
    ...(allow === undefined ? [] : [`Allow: ${allow}`]),
    'Connection: close',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), bytes]);
}
