/** Settings of where the data is kept, and for how long. */
import { leaf, section } from './leaf.ts';
import { credentials } from './schema-tap.ts';
import { retention, text, yesNo } from './values.ts';

export const store = leaf(text.default('chdb:./oslotap-data'), {
  flag: '--store <STORE>',
  description: 'where the data is: chdb:DIRECTORY, http[s]://USER@HOST:8123/DATABASE, or none',
  isUrl: true,
});

export const state = leaf(text.optional(), {
  flag: '--state <DIR>',
  description: 'where the journal and armed.json are (what tap arm found, for disarm); a directory for each sidecar',
  otherwise: "an embedded store's own; with a server ./oslotap-data",
  example: '/var/lib/oslotap',
});

const CLUSTER = /^[A-Za-z_][\w.-]{0,127}$/;

export const clickhouse = section(
  { title: 'ClickHouse:', about: 'the server, where store is http[s]://…' },
  {
    ...credentials('clickhouse', 'the ClickHouse server'),
    ca: leaf(text.optional(), {
      flag: '--clickhouse-ca <FILE>',
      description: "the authority that signed the server's certificate, PEM",
      otherwise: "the system's authorities",
      example: '/etc/oslotap/clickhouse-ca.pem',
    }),
    cluster: leaf(text.regex(CLUSTER, { error: "it is a cluster's name: letters, digits, _ . -" }).optional(), {
      flag: '--clickhouse-cluster <NAME>',
      description: 'the tables are made on each node of this cluster, ON CLUSTER, with Distributed ones over them',
      otherwise: 'one server',
      example: 'oslotap',
    }),
    replicated: leaf(yesNo.default(false), {
      flag: '--clickhouse-replicated',
      description: 'the tables are ReplicatedMergeTree',
    }),
  },
);

function kept(what: string, example: string) {
  return leaf(retention.optional(), {
    flag: `--ttl-${what.split(' ', 1)[0]} <TIME>`,
    description: `${what.split(' ').slice(1).join(' ')} are kept for so long: 12h, 30d, 52w; none: for ever`,
    otherwise: 'as it is in the store: at first for ever',
    example,
  });
}

export const ttl = section(
  { title: 'Retention:', about: 'how long rows are kept; changed in the store at a start, or by oslotap migrate' },
  {
    messages: kept('messages messages, unmatched events and links', '90d'),
    background: kept('background messages that no user asked for', '14d'),
    spans: kept('spans spans', '30d'),
    requests: kept('requests critical paths of requests', '90d'),
    minutes: kept('minutes sums of minutes (for dashboards)', '52w'),
    gaps: kept('gaps gaps', '52w'),
    storms: kept('storms storms', '52w'),
  },
);
