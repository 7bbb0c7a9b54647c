/**
 * Hammers an HTTP server with what a hostile or broken client may send, on raw sockets, many at once: garbage, half requests, slow
 * ones, huge headers, pipelines that nobody reads, wrong methods, paths that climb. Seeded: the same run sends the same.
 */
import { connect, type Socket } from 'node:net';

export interface HammerOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Connections, each with one attack or one decent request. */
  readonly count: number;
  /** At once. @default 1000 */
  readonly together?: number;
  /** Of those that should be answered: a token. @default none */
  readonly headers?: readonly string[];
}

export interface HammerResult {
  readonly sent: number;
  /** Answers by status; `none` where the connection ended without one. */
  readonly answers: Readonly<Record<string, number>>;
  /** Decent requests, and how many of them had an answer of 200 or 503. */
  readonly decent: number;
  readonly decentAnswered: number;
}

/** No connection is held for longer, whatever it sends. Milliseconds. */
const HOLD_MS = 3_000;
const DECENT = 'decent';

type Attack = (socket: Socket, path: string, headers: string) => void;

/** Every one in turn, so that all of them come. */
const ATTACKS: Readonly<Record<string, Attack>> = {
  [DECENT]: (socket, path, headers) =>
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}Connection: close\r\n\r\n`),
  garbage: (socket) => socket.end(noise(2_000)),
  tls: (socket) => socket.end(Buffer.concat([Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), noise(500)])),
  nothing: () => {},
  goneAtOnce: (socket) => socket.resetAndDestroy(),
  half: (socket, path) => socket.write(`GET ${path} HTT`),
  slow: (socket, path) => drip(socket, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-Slow: ${'a'.repeat(500)}`),
  hugeLine: (socket, path) => socket.end(`GET ${path}?${'a'.repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
  hugeHeader: (socket, path) => socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`),
  manyHeaders: (socket, path) => socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${'A: b\r\n'.repeat(5_000)}\r\n`),
  pipeline: (socket, path, headers) => {
    socket.pause(); // and reads nothing
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`.repeat(500));
  },
  body: (socket, path) =>
    socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`),
  bodyThatNeverComes: (socket, path) =>
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n`),
  badChunks: (socket, path) =>
    socket.end(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n`),
  smuggled: (socket, path) =>
    socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  wrongMethod: (socket, path) => socket.end(`DELETE ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
  noMethod: (socket, path) => socket.end(`BREW ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
  connect: (socket) => socket.end('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n'),
  upgrade: (socket, path) =>
    socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`),
  expect: (socket, path) => socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nExpect: 200-maybe\r\n\r\n`),
  climbing: (socket) => socket.end('GET /../../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  encoded: (socket) => socket.end('GET /%2e%2e/%zz%00%ff HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  prototype: (socket) => socket.end('GET __proto__ HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  foreignHost: (socket, path) => socket.end(`GET ${path} HTTP/1.1\r\nHost: evil.example\r\n\r\n`),
  twoHosts: (socket, path) => socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n`),
  noHost: (socket, path) => socket.end(`GET ${path} HTTP/1.1\r\n\r\n`),
  old: (socket, path) => socket.end(`GET ${path}\r\n\r\n`),
  version: (socket, path) => socket.end(`GET ${path} HTTP/9.9\r\nHost: localhost\r\n\r\n`),
  folded: (socket, path) => socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\tc\r\n\r\n`),
  injected: (socket, path) => socket.end(`GET ${path} HTTP/1.1\nHost: localhost\nX: a\u0000b\r\r\n\r\n`),
};

export const ATTACK_NAMES: readonly string[] = Object.keys(ATTACKS);

export async function hammer(options: HammerOptions): Promise<HammerResult> {
  const { count, together = 1_000 } = options;
  const answers: Record<string, number> = {};
  let [sent, decent, decentAnswered] = [0, 0, 0];
  const work = async () => {
    while (sent < count) {
      const name = ATTACK_NAMES[sent++ % ATTACK_NAMES.length] as string;
      const status = await attack(name, options);
      answers[status] = (answers[status] ?? 0) + 1;
      if (name !== DECENT) continue;
      decent++;
      if (status === '200' || status === '503') decentAnswered++;
    }
  };
  await Promise.all(Array.from({ length: Math.min(together, count) }, work));
  return { sent, answers, decent, decentAnswered };
}

/** @returns the status of the answer, or `none`. */
function attack(name: string, { host, port, path, headers = [] }: HammerOptions): Promise<string> {
  return new Promise((resolve) => {
    let head = '';
    const socket = connect({ host, port, allowHalfOpen: true });
    const timer = setTimeout(() => socket.destroy(), HOLD_MS);
    socket.on('error', () => {}); // being refused is what it asks for
    socket.on('data', (part) => {
      if (head.length < 16) head += part.toString('latin1', 0, 16);
    });
    socket.on('end', () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 'none');
    });
    socket.once('connect', () => ATTACKS[name]?.(socket, path, headers.map((header) => `${header}\r\n`).join('')));
  });
}

/** A byte now and then. */
function drip(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at >= text.length) clearInterval(timer);
    else socket.write(text[at++] as string);
  }, 20);
}

let seed = 1;

function noise(length: number): Buffer {
  return Buffer.from(
    Uint8Array.from({ length }, () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed >> 16;
    }),
  );
}
