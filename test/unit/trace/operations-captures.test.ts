/** What a real cloud's requests are called, against what its user asked for. */
import { expect, test } from 'vitest';
import { CAPTURES, capturePath } from '../../support/captures.ts';
import { nameRequests, type Without } from '../../support/score-operations.ts';
import { truthOf } from '../../support/truth.ts';

const WITH_REQUESTS = CAPTURES.filter((name) => truthOf(capturePath(name)).requests.length > 0);

test('there are captures with requests', () => {
  expect(WITH_REQUESTS).toContain('attach-interface');
  expect(WITH_REQUESTS.length).toBeGreaterThanOrEqual(8);
});

/** What cannot be told: a resize is a migration to the RPC, a router's interface an update to the agents, the rest is silent. */
const UNTOLD: Readonly<Record<Without, readonly string[]>> = {
  nothing: [],
  audit: ['server.resize'],
  notifications: ['server.resize', 'router.add_interface', 'router.remove_interface', 'network.create', 'router.create'],
};

test.each(WITH_REQUESTS)('%s: each request is called what its user asked for', async (name) => {
  const named = await nameRequests(capturePath(name));
  const traced = named.filter(({ request, found }) => request.method !== 'GET' || found !== null);
  expect(traced.length).toBeGreaterThan(0);
  expect(traced.filter(({ wanted, found }) => wanted !== found)).toEqual([]);
});

test.each(WITH_REQUESTS.flatMap((name) => (['audit', 'notifications'] as Without[]).map((without) => [name, without] as const)))(
  '%s without %s: what changes something is called the same',
  async (name, without) => {
    const named = await nameRequests(capturePath(name), without);
    const changing = named.filter(({ request, wanted }) => request.method !== 'GET' && !UNTOLD[without].includes(wanted));
    expect(changing.length).toBeGreaterThan(0);
    expect(changing.filter(({ wanted, found }) => wanted !== found)).toEqual([]);
  },
);
