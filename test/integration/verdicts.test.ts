/**
 * Verdicts where the tap or the broker is set up otherwise than usual: what fails is oslo-failures.ts's, as in
 * oslo-live.test.ts, which checks every verdict with a usual tap.
 */
import { connect } from 'amqplib';
import { expect, test } from 'vitest';
import { describeWithBroker } from '../support/broker.ts';
import { playBeside, type Sent, wrongVerdicts } from '../support/oslo-failures.ts';
import { storedMessages } from '../support/sidecar.ts';

await describeWithBroker('verdicts', { trace: true }, (broker) => {
  test('a tap of publishes alone judges what publishes tell, and nothing else', { timeout: 120_000 }, async () => {
    const played = await playBeside(broker, { vhost: 'publishes', args: ['--tier', 'publish'] });
    if ('missing' in played) return console.warn(`SKIPPED: ${played.missing}`);
    expect(await played.sidecar.stop()).toBe(0);

    const messages = storedMessages(`chdb:${played.directory}`);
    expect(messages.flatMap(({ to }) => to)).toEqual([]);
    const byId = new Map(messages.map((message) => [message.unique_id, message]));
    const compared = played.expected.messages.map((sent) => {
      const { status, verdict } = byId.get(sent.unique_id) ?? {};
      return { method: sent.method, isTold: status === sent.outcome, wanted: ofPublishes(sent), told: verdict ?? null };
    });
    expect(compared.filter(({ wanted, told, isTold }) => told !== wanted && (told !== null || isTold))).toEqual([]);
    expect(new Set(compared.map(({ told }) => told))).toEqual(new Set([null, 'unroutable', 'late_reply', 'failed']));
  });

  test('a request that expired and was dead-lettered was not consumed', { timeout: 120_000 }, async () => {
    const [vhost, graveyard] = ['graveyard', 'dead.letters'];
    await broker.ctl('add_vhost', vhost);
    await broker.ctl('set_permissions', '-p', vhost, broker.user, '.*', '.*', '.*');
    const policy = { 'dead-letter-exchange': '', 'dead-letter-routing-key': graveyard };
    await broker.ctl(
      'set_policy',
      '-p',
      vhost,
      'bury',
      '^(consoleauth|l3_agent\\.net1)$',
      JSON.stringify(policy),
      '--apply-to',
      'queues',
    );
    const connection = await connect(`${broker.amqp}${vhost}`);
    const channel = await connection.createChannel();
    await channel.assertQueue(graveyard);
    await channel.consume(graveyard, () => {}, { noAck: true });
    try {
      const played = await playBeside(broker, { vhost });
      if ('missing' in played) return console.warn(`SKIPPED: ${played.missing}`);
      expect(await played.sidecar.stop()).toBe(0);

      const messages = storedMessages(`chdb:${played.directory}`);
      expect(wrongVerdicts(played.expected, messages)).toEqual([]);
      const buried = messages.filter(({ to }) => to.some(({ queue }) => queue === graveyard));
      expect(buried.map(({ culprit }) => culprit?.queue).sort()).toEqual(['consoleauth', 'l3_agent.net1']);
      expect(buried.filter(({ verdict_evidence }) => !verdict_evidence?.includes('dead-lettered'))).toEqual([]);
    } finally {
      await connection.close();
    }
  });
});

/** What can be known without deliveries: that no queue took a request, and what was answered and when. */
function ofPublishes({ verdict, case: played }: Sent): string | null {
  if (verdict === null || ['no_reply', 'not_consumed', 'reply_lost'].includes(verdict.verdict)) return null;
  // Its reply is published in time; that it comes late is seen from its delivery alone.
  if (played === 'reply_queue_deleted') return null;
  // An exception that callers expect; that this one gave up is seen where it is known who handles what.
  return verdict.evidence === 'gave up' ? null : verdict.verdict;
}
