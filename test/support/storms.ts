/** A storm as the detector tells it, for what writes, reads and shows storms. */
import type { StoredStorm } from '../../src/queries/storms.ts';
import type { Storm, StormMethod } from '../../src/storm.ts';

const SECOND_NS = 1_000_000_000n;
/** 2026-11-22 12:00:00.123456789 UTC. */
export const STORM_START_NS = 1_795_348_800_123_456_789n;

export const STORM_METHOD: StormMethod = {
  method: 'object_class_action_versions',
  objects: ['Service.get_by_host_and_binary', 'ComputeNodeList.get_all_by_host'],
  kind: 'call',
  exchange: 'nova',
  topic: 'conductor',
  messages: 9_000,
  share: 0.9,
  usualPerSecond: 12,
  peakPerSecond: 492,
};

/** Two hundred agents that were started again: over after a minute and a half, unless it is told otherwise. */
export function stormOf(given: Partial<Storm> = {}): Storm {
  const fromNs = given.fromNs ?? STORM_START_NS;
  return {
    id: '4f1d00c0ffee0123',
    vhost: '/',
    fromNs,
    detectedNs: fromNs + 4n * SECOND_NS,
    toNs: fromNs + 90n * SECOND_NS,
    isOpen: false,
    signals: ['rate', 'queue_wait'],
    methods: [
      STORM_METHOD,
      {
        ...STORM_METHOD,
        method: 'report_state',
        objects: [],
        kind: 'cast',
        exchange: 'neutron',
        topic: 'q-reports-plugin',
        messages: 1_000,
        share: 0.1,
        usualPerSecond: 0,
        peakPerSecond: 31.5,
      },
    ],
    senders: [
      { service: 'nova-compute', host: 'cmp17', messages: 120, share: 0.012 },
      { service: 'neutron-linuxbridge-agent', host: 'cmp3', messages: 90, share: 0.009 },
    ],
    sendersCount: 200,
    receivers: [{ service: 'nova-conductor', host: '', messages: 9_000, share: 0.9 }],
    trigger: { kind: 'restarts', detail: '200 processes of nova-compute on 200 hosts were started', traceId: null, count: 200 },
    messages: 10_000,
    copies: 10_400,
    bytes: 25_000_000,
    bytesCopied: 26_000_000,
    usualPerSecond: 12,
    peakPerSecond: 523.5,
    amplification: { usual: 1, during: 1.04 },
    perRequest: { usual: null, during: null },
    failedShare: { usual: 0, during: 0.125 },
    queueWaitMs: { usual: 0.2, during: 3_210.5 },
    ...given,
  };
}

/** The same as it is read back and printed. */
export const STORED_STORM: StoredStorm = {
  id: '4f1d00c0ffee0123',
  vhost: '/',
  start: '2026-11-22T12:00:00.123456789Z',
  detected: '2026-11-22T12:00:04.123456789Z',
  end: '2026-11-22T12:01:30.123456789Z',
  duration_ms: 90_000,
  detected_after_ms: 4_000,
  is_open: false,
  signals: ['rate', 'queue_wait'],
  methods: [
    {
      method: 'object_class_action_versions',
      objects: ['Service.get_by_host_and_binary', 'ComputeNodeList.get_all_by_host'],
      kind: 'call',
      exchange: 'nova',
      topic: 'conductor',
      messages: 9_000,
      share: 0.9,
      usual_per_second: 12,
      peak_per_second: 492,
      factor: 41,
    },
    {
      method: 'report_state',
      objects: [],
      kind: 'cast',
      exchange: 'neutron',
      topic: 'q-reports-plugin',
      messages: 1_000,
      share: 0.1,
      usual_per_second: 0,
      peak_per_second: 31.5,
      factor: null,
    },
  ],
  senders: [
    { service: 'nova-compute', host: 'cmp17', messages: 120, share: 0.012 },
    { service: 'neutron-linuxbridge-agent', host: 'cmp3', messages: 90, share: 0.009 },
  ],
  senders_count: 200,
  receivers: [{ service: 'nova-conductor', host: '', messages: 9_000, share: 0.9 }],
  trigger: { kind: 'restarts', detail: '200 processes of nova-compute on 200 hosts were started', trace_id: null, count: 200 },
  messages: 10_000,
  copies: 10_400,
  bytes: 25_000_000,
  bytes_copied: 26_000_000,
  usual_per_second: 12,
  peak_per_second: 523.5,
  factor: 43.625,
  amplification: { usual: 1, during: 1.04 },
  per_request: { usual: null, during: null },
  failed_share: { usual: 0, during: 0.125 },
  queue_wait_ms: { usual: 0.2, during: 3_210.5 },
};

/** One whose names are none that a service has. */
export function hostileStorm(): Storm {
  const name = `'"\`\\ \n\t\u001b[31m{x:String} \u00e9\u{1f300} ${'long '.repeat(2_000)}`;
  const place = { service: name, host: name, messages: 1, share: 1 };
  return stormOf({
    id: 'bad0bad0bad0bad0',
    vhost: name,
    methods: [{ ...STORM_METHOD, method: name, objects: [name, name], exchange: name, topic: name }],
    senders: [place],
    sendersCount: 2,
    receivers: [place],
    trigger: { kind: 'unknown', detail: name, traceId: null, count: 0 },
  });
}
