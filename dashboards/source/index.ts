/** Every dashboard, by the name of its file. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { broker } from './broker.ts';
import { glance } from './glance.ts';
import { operation } from './operation.ts';
import { queues } from './queues.ts';
import { request } from './request.ts';
import { storms } from './storms.ts';

export const DASHBOARDS: Readonly<Record<string, () => Dashboard>> = { glance, operation, request, storms, queues, broker };
