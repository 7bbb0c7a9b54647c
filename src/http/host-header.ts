/**
 * Which `Host` a request may name. A page in a browser on this machine can point a name of its own at 127.0.0.1 and then read what
 * is served there (DNS rebinding); it cannot make the browser send another name. So on loopback a foreign name is refused.
 * Beyond loopback whoever reaches the address can ask it anyway, and Kubernetes scrapes by pod address or by a service's name.
 */
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/**
 * @param header the request's own; absent in HTTP/1.0.
 * @param listenHost where the server listens, as it was told.
 */
export function isHostAllowed(header: string | undefined, listenHost: string): boolean {
  if (header === undefined || !isLoopback(listenHost)) return true;
  const host = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]*))(?::\d*)?$/i.exec(header);
  const name = (host?.[1] ?? host?.[2] ?? '').toLowerCase();
  return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || name === ownName();
}

/** Nobody from outside the machine reaches it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function ownName(): string {
  return hostname().toLowerCase();
}
