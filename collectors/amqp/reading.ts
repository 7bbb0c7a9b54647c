/**
 * What amqplib has no call for. Pausing a connection: without acknowledgements the broker sends as fast as the socket takes it. Its connection reads frame by frame through one method, which is made to find nothing. The socket's buffer then
 * fills, and TCP holds the broker back.
 */
import type { ChannelModel } from 'amqplib';

/** What is used of amqplib's connection (lib/connection.js); a test against a real broker holds it to that. */
interface RawConnection {
  recvFrame: () => unknown;
  recvSinceLastCheck: boolean;
  readonly stream: { emit(event: 'readable'): boolean; destroy(): void };
}

const paused = new WeakMap<ChannelModel, { readonly recvFrame: () => unknown; readonly timer: NodeJS.Timeout }>();
/** Shorter than half a heartbeat: the broker's heartbeats are not read meanwhile, and must not be missed. */
const ALIVE_MS = 2_000;

export function pauseReading(connection: ChannelModel): void {
  if (paused.has(connection)) return;
  const raw = connection.connection as unknown as RawConnection;
  const timer = setInterval(() => {
    raw.recvSinceLastCheck = true;
  }, ALIVE_MS);
  paused.set(connection, { recvFrame: raw.recvFrame.bind(raw), timer });
  raw.recvFrame = () => false;
}

export function resumeReading(connection: ChannelModel): void {
  const pause = paused.get(connection);
  if (pause === undefined) return;
  paused.delete(connection);
  clearInterval(pause.timer);
  const raw = connection.connection as unknown as RawConnection;
  raw.recvFrame = pause.recvFrame;
  raw.stream.emit('readable');
}

/** Ends a connection without the other side: what is not sent is lost. */
export function destroySocket(connection: ChannelModel): void {
  (connection.connection as unknown as RawConnection).stream.destroy();
}
