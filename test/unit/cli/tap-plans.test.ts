/** Taps and options that do not go together are one line, before any connection is made. */
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { readLiveSetUp } from '../../../src/cli/live-options.ts';
import { addSettings, readCommand } from '../../../src/cli/settings-options.ts';
import { readTapPlans } from '../../../src/cli/tap-plans.ts';
import { settingsOf } from '../../../src/settings/read.ts';

const SETTINGS = ['amqp', 'api', 'tls', 'tap', 'source'];

function plansOf(line: string) {
  const command = addSettings(new Command(), SETTINGS)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  command.parse(
    line.split(' ').filter((word) => word !== ''),
    { from: 'user' },
  );
  const settings = settingsOf(readCommand(command, SETTINGS));
  return readTapPlans(settings, readLiveSetUp(settings, 1_000));
}

const API = '--api http://u@h:15672';

test.each([
  ['--tap carrier-pigeon', /--tap\[0\]: it is firehose, shovel or notifications/],
  ['--tap shovel notifications', /--tap shovel goes alone/],
  ['--source-amqp amqp://h', /are for --tap shovel/],
  ['--tap shovel --source-amqp amqp://h', /--source-amqp needs --api/],
  [`--tap shovel ${API} --source-amqp http://h`, /--source-amqp: not a broker/],
  ['--tap shovel --vhost a b', /follows one vhost/],
  ['--exchanges nova', /--exchanges is for --tap notifications and for --tier requests/],
  ['--notification-topics x', /--notification-topics is for --tap notifications/],
  ['--tier requests', /--tier requests needs --api/],
  [`--tier requests --tap notifications ${API}`, /leave out --tap/],
  ['--tap ,', /--tap: it names none/],
  ['--arm', /--arm needs --api: the management API of each node/],
  ['--arm --tap shovel', /--arm needs --source-api/],
  [`--arm --tap notifications ${API}`, /--arm is for the firehose/],
])('%s', (line, message) => {
  expect(() => plansOf(line)).toThrow(message);
});

test.each([
  ['', 'full', ['/ oslotap.firehose']],
  [
    '--tap firehose,notifications --vhost a b',
    'full',
    ['a oslotap.firehose', 'a oslotap.notifications', 'b oslotap.firehose', 'b oslotap.notifications'],
  ],
  ['--tap notifications', 'publish', ['/ oslotap.notifications']],
  [`--tier requests ${API}`, 'publish', ['/ oslotap.requests']],
  ['--tap shovel', 'full', ['/ oslotap.firehose']],
  [`--tap shovel ${API} --source-amqp amqp://h/cloud`, 'full', ['cloud oslotap.firehose']],
])('%s: tier %s, %j', (line, tier, queues) => {
  const found = plansOf(line);
  found.close();
  expect(found.tier).toBe(tier);
  expect(found.plans.map(({ vhost, queue }) => `${vhost} ${queue}`)).toEqual(queues);
});
