import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSnapshot, snapshotPath, writeSnapshot } from '../../../collectors/capture/snapshot.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'oslotap-snapshot-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('the snapshot of a capture', () => {
  it.each([
    ['boot.ndjson.gz', 'boot.connections.json'],
    ['boot.ndjson', 'boot.connections.json'],
    ['dir.ndjson.gz/boot', 'dir.ndjson.gz/boot.connections.json'],
  ])('of %s is %s', (capture, path) => {
    expect(snapshotPath(capture)).toBe(path);
  });

  it('is read as it was written, by its owner only', () => {
    const snapshot = {
      connections: [
        { name: 'a:1 -> b:2', peerHost: 'a', connectionName: 'nova-compute:5:x', connectedAtMs: 1_795_300_394_292 },
        { name: 'c:1 -> b:2', peerHost: '', connectionName: '', connectedAtMs: 0 },
      ],
      consumers: [{ queue: 'compute.cmp1', connection: 'a:1 -> b:2' }],
      queues: ['compute.cmp1', 'conductor'],
    };
    const capture = join(directory, 'a.ndjson.gz');
    writeSnapshot(capture, snapshot);
    expect(readSnapshot(capture)).toEqual(snapshot);
    expect(statSync(snapshotPath(capture)).mode & 0o777).toBe(0o600);
  });

  it('that is not there is null', () => {
    expect(readSnapshot(join(directory, 'none.ndjson.gz'))).toBeNull();
  });

  it.each(['', '{', 'null', '{}', '{"connections": {}}', '{"connections": [null]}', '{"connections": [], "queues": 5}'])(
    'of the content %j is not one, and says so',
    (content) => {
      const capture = join(directory, 'b.ndjson.gz');
      writeFileSync(snapshotPath(capture), content);
      expect(readSnapshot(capture)).toBe(`${snapshotPath(capture)} is not a connections snapshot`);
    },
  );

  it('that cannot be read says so', () => {
    const capture = join(directory, 'c.ndjson.gz');
    mkdirSync(snapshotPath(capture));
    expect(readSnapshot(capture)).toBe(`${snapshotPath(capture)} cannot be read`);
  });

  it('takes rows as the management API gives them, with what is missing left empty', () => {
    const capture = join(directory, 'd.ndjson.gz');
    const json = { connections: [{ name: 'a', client_properties: null, connected_at: 'x' }], consumers: [{ queue: null }] };
    writeFileSync(snapshotPath(capture), JSON.stringify(json));
    expect(readSnapshot(capture)).toEqual({
      connections: [{ name: 'a', peerHost: '', connectionName: '', connectedAtMs: 0 }],
      consumers: [{ queue: '', connection: '' }],
      queues: [],
    });
  });
});
