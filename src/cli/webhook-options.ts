/** Who is told of storms, as src/service takes it. */
import type { StormWebhookOptions } from '../service/storm-webhook-request.ts';
import type { Settings } from '../settings/schema.ts';

/** Null: nobody is told. */
export function readStormWebhook({ storms: { enabled, webhook } }: Settings): StormWebhookOptions | null {
  const { url, token = null, ca = null, timeout } = webhook;
  return enabled && url !== undefined ? { url, token, caFile: ca, timeoutMs: timeout } : null;
}
