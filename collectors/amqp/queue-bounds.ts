/** What keeps a queue of oslotap's own from harming its broker. */
export interface QueueBounds {
  /** Messages; beyond it the oldest are dropped. */
  readonly lengthMax: number;
  /** Bytes of bodies; headers are not counted by the broker. */
  readonly bytesMax: number;
  /** The queue vanishes when nobody has consumed it for so long. Milliseconds. */
  readonly expiresMs: number;
}

/** As arguments of its declaration. Lazy, so that a backlog is on the broker's disk: RabbitMQ 3.12 and newer keep every queue so. */
export function boundedArguments({ lengthMax, bytesMax, expiresMs }: QueueBounds): Record<string, unknown> {
  return {
    'x-queue-type': 'classic',
    'x-queue-mode': 'lazy',
    'x-max-length': lengthMax,
    'x-max-length-bytes': bytesMax,
    'x-overflow': 'drop-head',
    'x-expires': expiresMs,
  };
}
