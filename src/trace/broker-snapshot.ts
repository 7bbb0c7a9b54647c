/** What the management API tells, where it may be asked. */
export interface BrokerSnapshot {
  readonly connections: readonly {
    readonly name: string;
    readonly peerHost: string;
    readonly connectionName: string;
    /** When the broker accepted it, milliseconds since the epoch. */
    readonly connectedAtMs: number;
  }[];
  readonly consumers: readonly { readonly queue: string; readonly connection: string }[];
  readonly queues: readonly string[];
}
