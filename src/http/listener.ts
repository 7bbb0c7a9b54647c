/** Where a server of ours listens, and the bounds that each of them has. Nothing here knows what is served. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, isIP, type Socket } from 'node:net';
import { Misuse } from '../errors.ts';

export interface ListenAt {
  /** A name or an address. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Whether somebody chose the port: taken, it is then a mistake to tell; else a free one will do. */
  readonly isGiven: boolean;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:9718`, for people. */
  readonly url: string;
  /** True where the port asked for was taken, and this is another. */
  readonly isElsewhere: boolean;
}

export interface ServerBounds {
  /** Connections at once; beyond it the oldest that waits for nothing of ours has to go. */
  readonly connectionsMax: number;
  /** Request line and headers. Bytes. */
  readonly headerBytesMax: number;
  /** For the headers to come; then for the whole request. Milliseconds. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** A connection that waits for its next request is closed; and one on which nothing moves, an answer under way or not. Milliseconds. */
  readonly keepAliveMs: number;
  readonly idleMs: number;
}

export const DEFAULT_BOUNDS: ServerBounds = {
  connectionsMax: 256,
  headerBytesMax: 8_192,
  headersMs: 5_000,
  requestMs: 10_000,
  keepAliveMs: 15_000,
  idleMs: 15_000,
};

/** What a server had to turn away. */
export interface Refusals {
  /** Connections that were closed for a newer one. */
  connections: number;
  /** Requests that were not HTTP, or came too slowly, or were too large. */
  malformed: number;
}

/**
 * A server with its bounds. Slow or silent clients, however many, keep nobody out: a new connection pushes out the oldest one
 * that has no answer under way.
 */
export function boundedServer(onRequest: RequestListener, bounds: ServerBounds, refusals: Refusals): Server {
  const server = createServer(
    {
      maxHeaderSize: bounds.headerBytesMax,
      headersTimeout: bounds.headersMs,
      requestTimeout: bounds.requestMs,
      keepAliveTimeout: bounds.keepAliveMs,
      connectionsCheckingInterval: 1_000,
      noDelay: true,
    },
    onRequest,
  );
  server.timeout = bounds.idleMs;
  server.maxHeadersCount = 100;
  server.on('clientError', (_error, socket) => {
    refusals.malformed++;
    if (!socket.writable) socket.destroy();
    else socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () => socket.destroy());
  });
  boundConnections(server, bounds.connectionsMax, refusals);
  return server;
}

/** @throws Misuse in one line, where it cannot listen there. */
export async function listen(server: Server, at: ListenAt): Promise<Listening> {
  try {
    return await bind(server, at, false);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' && !at.isGiven) return bind(server, { ...at, port: 0 }, true);
    throw new Misuse(`cannot listen on ${authority(at.host, at.port)}: ${WHY[code ?? ''] ?? code ?? String(error)}`);
  }
}

/** Closes it at once, with all its connections. */
export async function closeNow(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

/** As in a URL: `127.0.0.1:80`, `[::1]:80`. */
export function authority(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken: choose another, or port 0 for any',
  EACCES: 'not allowed: choose a port from 1024 on',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'there is no host of that name',
};

function bind(server: Server, { host, port }: ListenAt, isElsewhere: boolean): Promise<Listening> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      server.on('error', () => {}); // of accepting a connection: there is nobody to tell, and the server goes on
      const bound = (server.address() as AddressInfo).port;
      resolve({ host, port: bound, url: `http://${authority(host, bound)}`, isElsewhere });
    });
  });
}

/** Sockets in the order of their coming; one that has an answer under way is spared as long as there are others. */
function boundConnections(server: Server, connectionsMax: number, refusals: Refusals): void {
  const idle = new Set<Socket>();
  const busy = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    idle.add(socket);
    socket.on('error', () => {}); // a client that goes away is no news
    socket.once('close', () => idle.delete(socket) || busy.delete(socket));
    if (idle.size + busy.size <= connectionsMax) return;
    refusals.connections++;
    const [oldest] = idle.size > 1 || busy.size === 0 ? idle : busy;
    oldest?.destroy();
    if (oldest !== undefined) idle.delete(oldest) || busy.delete(oldest);
  });
  server.prependListener('request', ({ socket }, response) => {
    if (!idle.delete(socket)) return;
    busy.add(socket);
    response.once('close', () => busy.delete(socket) && !socket.destroyed && idle.add(socket));
  });
}
