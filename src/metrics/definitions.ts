/** Every metric of oslotap's own; process_* and nodejs_* are prom-client's. */
import { CLOUD_METRICS, COMPAT_METRICS } from './cloud-definitions.ts';
import { OUTPUT_METRICS, PIPELINE_METRICS, STORE_METRICS, TAP_METRICS } from './service-definitions.ts';
import { STORM_METRICS } from './storm-definitions.ts';

export const DEFINITIONS = {
  ...TAP_METRICS,
  ...PIPELINE_METRICS,
  ...STORE_METRICS,
  ...OUTPUT_METRICS,
  ...CLOUD_METRICS,
  ...STORM_METRICS,
  ...COMPAT_METRICS,
} as const;

export type MetricName = keyof typeof DEFINITIONS;
