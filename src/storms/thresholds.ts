/** From when on it is a storm. docs/storms.md says why these. */
export interface StormThresholds {
  /** What was learned has to cover so much before anything is said. Seconds. @default 600 */
  readonly warmUpSeconds: number;
  /** Times the usual mean. Above 1. @default 5 */
  readonly factor: number;
  /** Times the usual busiest window of the same length. Above 1. @default 2.5 */
  readonly peakFactor: number;
  /** Of a method's background work (of a user's requests: requests that use it), messages a second; of up to 100 hosts, and more with more. @default 10 */
  readonly messagesMin: number;
  /** Of one method within one request, messages. @default 200 */
  readonly requestMessagesMin: number;
  /** Copies that a method's fanouts make, a second. @default 100 */
  readonly copiesMin: number;
  /** Of one method from one sender, messages a second. @default 10 */
  readonly hostMessagesMin: number;
  /** Calm for so long, and it has ended. Seconds. @default 30 */
  readonly holdSeconds: number;
  /** Methods, or objects' methods, that never are a storm. @default none */
  readonly ignored: readonly string[];
}

export const DEFAULT_THRESHOLDS: StormThresholds = {
  warmUpSeconds: 600,
  factor: 5,
  peakFactor: 2.5,
  messagesMin: 10,
  requestMessagesMin: 200,
  copiesMin: 100,
  hostMessagesMin: 10,
  holdSeconds: 30,
  ignored: [],
};

/** A burst, a rise, a persistent load: windows over which messages are counted. Seconds. */
export const WINDOWS_S = [2, 10, 60] as const;
/** What has lasted for longer may be thinner: of the least rate, in each of the windows. */
export const WINDOW_SHARES = [1, 0.6, 0.3] as const;
