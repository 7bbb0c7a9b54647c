/** Starts telemetry as the environment says, does two steps, ends, and prints what the log was told as JSON. */
import { startTelemetry } from '../../src/telemetry/start.ts';
import { traced } from '../../src/telemetry/traced.ts';
import { keptLog } from './otlp-spans.ts';

const { log, lines } = keptLog();
const telemetry = await startTelemetry({ version: '1.2.3', log });
await traced('oslotap.write', {}, async (note) => note({ 'oslotap.rows': 7 }));
await traced('oslotap.commit', {}, () => Promise.reject(new TypeError('planted-password'))).catch(() => {});
await telemetry.close();
process.stdout.write(JSON.stringify(lines));
