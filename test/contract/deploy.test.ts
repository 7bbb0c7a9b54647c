/**
 * What is in deploy/ cannot all be run here: so it is held against the schemas and the checkers of what runs it, and against
 * oslotap itself: its settings, its version, its ports.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, delimiter, dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { LEAVES } from '../../src/settings/schema.ts';
import { oslotap, ROOT, scratch } from '../support/cli.ts';
import { DEPLOY, deployFiles, deployText, type KubernetesObject, run, testWith, yamlOf } from '../support/deploy-tools.ts';
import { until } from '../support/sidecar.ts';

const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
/** The oldest that has what the manifests use and is still looked after, and the newest that there is. */
const KUBERNETES = ['1.32.0', '1.37.0'];
const METRICS_PORT = 9718;
const USER = 10_001;
const PROVISIONING = join(ROOT, 'dashboards/provisioning');
/** Of oslotap's own settings. */
const SETTINGS = deployFiles(/(^|\/)oslotap\.yaml$/);
const MANIFESTS = deployFiles(/^kubernetes\/.*\.yaml$/).filter((path) => !SETTINGS.includes(path));

const PATCH = 'kubernetes/beside-rabbitmq/openstack-helm/stateful-set.yaml';
const OPERATOR = 'kubernetes/beside-rabbitmq/rabbitmq-cluster.yaml';

/** The objects of all manifests; of what is merged into another's, whole ones with it. */
function objects(): KubernetesObject[] {
  return MANIFESTS.flatMap((path) => yamlOf(deployText(path)).map((object) => wholeOf(path, object))).filter(
    ({ apiVersion = '' }) => !/^(kustomize\.config\.k8s\.io|monitoring\.coreos\.com)\//.test(apiVersion),
  );
}

function wholeOf(path: string, object: KubernetesObject): KubernetesObject {
  if (path === OPERATOR) {
    const { spec } = object.spec.override.statefulSet.spec.template;
    return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'rabbitmq' }, spec };
  }
  if (path !== PATCH) return object;
  const labels = { app: 'rabbitmq' };
  const template = { metadata: { labels }, ...object.spec.template };
  return { ...object, spec: { ...object.spec, serviceName: 'rabbitmq', selector: { matchLabels: labels }, template } };
}

function validate(version: string, ...all: readonly KubernetesObject[]): string {
  const file = join(scratch(), 'objects.yaml');
  writeFileSync(file, all.map((object) => stringify(object)).join('---\n'));
  const { code, stdout, stderr } = run('kubernetes-validate', ['--strict', '--no-warn', '-k', version, file]);
  return code === 0 ? '' : `${stdout}${stderr}`.replaceAll(/^INFO.*\n/gm, '');
}

testWith(['kubernetes-validate'], "the manifests hold to Kubernetes' schemas, and the check notices one that does not", () => {
  const all = objects();
  expect(all.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['StatefulSet', 'Pod', 'NetworkPolicy', 'Job']));
  for (const version of KUBERNETES) expect(validate(version, ...all), version).toBe('');
  const [pod] = all.filter(({ kind }) => kind === 'Pod') as [KubernetesObject];
  const [container] = pod.spec.containers;
  const wrong = { ...pod, spec: { ...pod.spec, containers: [{ ...container, limits: {} }] } };
  expect(validate(KUBERNETES[0] as string, wrong)).toContain('limits');
});

testWith(['kubectl'], 'kustomize puts the manifests together, and oslotap into the pods of openstack-helm', () => {
  const alone = run('kubectl', ['kustomize', join(DEPLOY, 'kubernetes/stand-alone')]);
  expect(alone.stderr).toBe('');
  const set = yamlOf(alone.stdout).find(({ kind }) => kind === 'StatefulSet') as KubernetesObject;
  const names = yamlOf(alone.stdout).map(({ metadata }) => metadata?.name);
  const { volumes } = set.spec.template.spec as { volumes: { configMap?: { name: string } }[] };
  expect(names).toContain(volumes.find(({ configMap }) => configMap !== undefined)?.configMap?.name);

  const labels = { app: 'rabbitmq' };
  const rendered: KubernetesObject = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'rabbitmq-rabbitmq' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'rabbitmq', image: 'rabbitmq:4.1.3' }] } },
    },
  };
  const folder = dirname(join(DEPLOY, PATCH));
  const patched = run(join(folder, 'post-render.sh'), [], { input: stringify(rendered) });
  expect(patched.stderr).toBe('');
  const [merged] = yamlOf(patched.stdout);
  expect(merged?.spec.template.spec.containers.map(({ name }: { name: string }) => name).sort()).toEqual(['oslotap', 'rabbitmq']);
  expect(existsSync(join(folder, 'rendered.yaml'))).toBe(false);
});

test('every container of ours runs as a user, on a root that it cannot write to, with bounds; and no probe can take RabbitMQ away', () => {
  const sets = objects().filter(({ kind }) => ['StatefulSet', 'Pod', 'Job'].includes(kind ?? ''));
  expect(sets).toHaveLength(4);
  for (const { spec, metadata } of sets) {
    const pod = spec.template?.spec ?? spec;
    const isBeside = metadata?.name?.includes('rabbitmq');
    for (const container of pod.containers) {
      const security = { ...pod.securityContext, ...container.securityContext };
      expect(security).toMatchObject({
        runAsNonRoot: true,
        runAsUser: USER,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(Object.keys(container.resources.limits)).toEqual(['cpu', 'memory']);
      expect(Object.keys(container.resources.requests)).toEqual(['cpu', 'memory']);
      if (isBeside) expect(Object.keys(container).filter((key) => key.endsWith('Probe'))).toEqual([]);
    }
    if (isBeside) expect(pod.securityContext, 'the pod is RabbitMQ’s').toBeUndefined();
    else expect(pod.automountServiceAccountToken).toBe(false);
  }
});

test('what stays beside RabbitMQ starts oslotap again when it ends, and ends with it', async () => {
  const folder = scratch();
  const log = join(folder, 'log');
  const fake = join(folder, 'oslotap');
  writeFileSync(
    fake,
    `#!/bin/sh\necho started >> ${log}\n[ $(grep -c started ${log}) -gt 1 ] || exit 2\ntrap 'echo told >> ${log}; exit 0' TERM\nsleep 60 & wait $!\n`,
  );
  chmodSync(fake, 0o755);
  const child = spawn('sh', [join(DEPLOY, 'kubernetes/beside-rabbitmq/supervise.sh'), '0'], {
    env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` },
    stdio: 'ignore',
    detached: true, // a group of its own, so that nothing of it outlives the test
  });
  onTestFinished(() => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // all of it is gone already
    }
  });
  const said = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  await until(
    () => said() === 'started\nstarted\n',
    () => said(),
  );
  // Its shell has set its trap once it sleeps.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(said()).toBe('started\nstarted\ntold\n');
});

testWith(['check-jsonschema'], 'compose.yaml holds to the compose specification, and what it mounts is there', () => {
  const checked = run('check-jsonschema', ['--builtin-schema', 'vendor.compose-spec', join(DEPLOY, 'compose.yaml')]);
  expect(checked.code, checked.stdout).toBe(0);
  const [compose] = yamlOf(deployText('compose.yaml')) as unknown as [Compose];
  const mounted = Object.values(compose.services)
    .flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')[0] as string))
    .filter((source) => source.startsWith('.'));
  expect(mounted.length).toBeGreaterThan(5);
  expect(mounted.filter((source) => !existsSync(join(DEPLOY, source)))).toEqual([]);
  const unpinned = Object.values(compose.services).filter(({ image }) => !/:v?\d+\.\d+\.\d+/.test(image));
  expect(unpinned).toEqual([]);
  const published = Object.values(compose.services).flatMap(({ ports = [] }) => ports);
  expect(published.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly secrets: Readonly<Record<string, { file: string }>>;
}

interface ComposeService {
  readonly image: string;
  readonly volumes?: string[];
  readonly ports?: string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: (string | { source: string; target: string })[];
}

test("Grafana's provisioning takes what compose.yaml gives, and asks the services that are there", () => {
  const [{ services }] = yamlOf(deployText('compose.yaml')) as unknown as [Compose];
  const { environment = {}, volumes = [], secrets = [] } = services.grafana as ComposeService;
  const text = readdirSync(PROVISIONING, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readFileSync(join(PROVISIONING, name), 'utf8'))
    .join('\n');
  const taken = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
  const given = Object.keys(environment).filter((name) => !name.startsWith('GF_'));
  expect([...new Set(taken)].sort()).toEqual(given.sort());
  const hosts = [environment.CLICKHOUSE_HOST, ...[environment.PROMETHEUS_URL, environment.ALERTMANAGER_URL].map(hostOf)];
  expect(hosts.filter((host = '') => !(host in services))).toEqual([]);
  const files = [...text.matchAll(/\$__file\{\/run\/secrets\/(\w+)\}/g)].map(([, name]) => name);
  const placed = secrets.map((secret) => (typeof secret === 'string' ? secret : secret.target));
  expect(files.filter((file = '') => !placed.includes(file))).toEqual([]);
  expect(files.length).toBeGreaterThan(0);

  const targets = Object.fromEntries(volumes.map((volume) => volume.split(':').slice(0, 2).toReversed()));
  expect(targets['/etc/grafana/provisioning']).toBe('../dashboards/provisioning');
  const [{ providers }] = yamlOf(readFileSync(join(PROVISIONING, 'dashboards/oslotap.yaml'), 'utf8')) as unknown as [Providers];
  for (const { options } of providers) expect(targets[options.path]).toBe('../dashboards');
});

test('in compose.yaml oslotap writes to the database that Grafana reads, as another user, who is told to the server', () => {
  const [{ services }] = yamlOf(deployText('compose.yaml')) as unknown as [Compose];
  const { environment = {} } = services.grafana as ComposeService;
  const [{ store, clickhouse }] = yamlOf(deployText('compose/oslotap.yaml')) as unknown as [Stored];
  const { CLICKHOUSE_HOST: host, CLICKHOUSE_PORT: port, CLICKHOUSE_DATABASE: database, CLICKHOUSE_USER: reader } = environment;
  expect(store).toBe(`http://${host}:${port}/${database}`);
  const folder = scratch();
  cpSync(join(DEPLOY, 'compose/secrets.sh'), join(folder, 'secrets.sh'));
  expect(run('sh', [join(folder, 'secrets.sh')]).code).toBe(0);
  const users = readFileSync(join(folder, 'secrets/clickhouse-users.xml'), 'utf8');
  const [, ofReader = ''] = new RegExp(`<${reader}>(.*?)</${reader}>`, 's').exec(users) ?? [];
  expect(ofReader).toContain(`<query>GRANT SELECT ON ${database}.*</query>`);
  expect(ofReader).toContain('<profile>oslotap_reader</profile>');
  expect(users).toContain(`<${clickhouse.user}>`);
  for (const [file, user] of [
    ['clickhouse-password', clickhouse.user],
    ['clickhouse-grafana-password', reader],
  ] as const) {
    const hash = createHash('sha256')
      .update(readFileSync(join(folder, 'secrets', file)))
      .digest('hex');
    expect(users).toMatch(new RegExp(`<${user}>\\s*<password_sha256_hex>${hash}<`));
  }
});

interface Providers {
  readonly providers: readonly { readonly options: { readonly path: string } }[];
}

interface Stored {
  readonly store: string;
  readonly clickhouse: { readonly user: string };
}

function hostOf(url: string | undefined): string {
  return new URL(url ?? '').hostname;
}

test('secrets.sh makes the secrets that compose.yaml names, once', () => {
  const folder = scratch();
  cpSync(join(DEPLOY, 'compose/secrets.sh'), join(folder, 'secrets.sh'));
  const made = () => readdirSync(join(folder, 'secrets')).map((name) => readFileSync(join(folder, 'secrets', name), 'utf8'));
  expect(run('sh', [join(folder, 'secrets.sh')]).code).toBe(0);
  const before = made();
  expect(run('sh', [join(folder, 'secrets.sh')]).code).toBe(0);
  expect(made()).toEqual(before);
  const [compose] = yamlOf(deployText('compose.yaml')) as unknown as [Compose];
  const named = Object.values(compose.secrets).map(({ file }) => basename(file));
  expect(named.sort()).toEqual(readdirSync(join(folder, 'secrets')).sort());
  expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
});

testWith(['systemd-analyze'], 'the systemd units are sound, and shut off from the rest of the machine', () => {
  const units = deployFiles(/^systemd\/.*\.service$/).map((path) => join(DEPLOY, path));
  expect(units).toHaveLength(2);
  const { stderr } = run('systemd-analyze', ['verify', ...units]);
  // The machine's other units have their say too; oslotap is not installed here.
  const wrong = stderr.split('\n').filter((line) => line.includes('oslotap') && !line.includes('is not executable'));
  expect(wrong).toEqual([]);
  for (const unit of units) {
    const { code, stdout } = run('systemd-analyze', ['security', '--offline=true', '--threshold=16', '--no-pager', unit]);
    expect(code, stdout.split('\n').at(-2)).toBe(0);
  }
});

test('wait-until-ready.mjs waits for the first yes', async () => {
  const answers = [503, 503, 200];
  const server = createServer((_, response) => response.writeHead(answers.shift() ?? 500).end());
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const waiting = spawn(process.execPath, [join(DEPLOY, 'systemd/wait-until-ready.mjs'), `http://127.0.0.1:${port}/readyz`]);
  expect(await new Promise((resolve) => waiting.once('exit', resolve))).toBe(0);
  expect(answers).toEqual([]);
});

testWith(['promtool', 'amtool'], 'the files of Prometheus and Alertmanager are sound', () => {
  const prometheus = run('promtool', ['check', 'config', join(DEPLOY, 'compose/prometheus/prometheus.yml')]);
  expect(prometheus.code, prometheus.stderr + prometheus.stdout).toBe(0);
  expect(prometheus.stdout).toMatch(/rules\/cloud\.yml\n *SUCCESS: \d+ rules found/);
  const alertmanager = run('amtool', ['check-config', join(DEPLOY, 'compose/alertmanager.yml')]);
  expect(alertmanager.code, alertmanager.stderr + alertmanager.stdout).toBe(0);
});

testWith(['shellcheck', 'hadolint'], 'shellcheck and hadolint find nothing in the scripts and the Containerfile', () => {
  const scripts = deployFiles(/\.sh$/).map((path) => join(DEPLOY, path));
  expect(scripts.length).toBeGreaterThan(3);
  expect(run('shellcheck', ['--norc', ...scripts]).stdout).toBe('');
  expect(scripts.filter((script) => (statSync(script).mode & 0o111) === 0)).toEqual([]);
  expect(run('hadolint', ['--no-color', join(DEPLOY, 'Containerfile')]).stdout).toBe('');
});

test('what the Containerfile copies is in the repository, and is not left out of the build', () => {
  const copied = [...deployText('Containerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
    files.split(' '),
  );
  expect(copied.length).toBeGreaterThan(5);
  const let_in = deployText('Containerfile.dockerignore').split('\n');
  for (const file of copied) {
    expect(existsSync(join(ROOT, file)), file).toBe(true);
    expect(let_in).toContain(`!${file}`);
  }
});

test.each(SETTINGS)('oslotap takes the settings in deploy/%s', (path) => {
  const folder = scratch();
  const file = join(folder, 'oslotap.yaml');
  const text = deployText(path).replaceAll(/(passwordFile: )(\S+)/g, (_, key: string, secret: string) => {
    const copy = join(folder, basename(secret));
    writeFileSync(copy, 'planted-password\n', { mode: 0o600 });
    return `${key}${copy}`;
  });
  writeFileSync(file, text);
  const { code, stdout, stderr } = oslotap(['run', '--check-config', '--config', file]);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).not.toContain('planted-password');
  // What ExecStopPost, and the Job, do: nothing was armed, so nobody is asked.
  const store = `chdb:${join(folder, 'data')}`;
  expect(oslotap(['tap', 'disarm'], { OSLOTAP_CONFIG: file, OSLOTAP_STORE: store }).code).toBe(0);
});

test('variables, ports, versions and users are the same everywhere', () => {
  expect(SETTINGS).toHaveLength(4);
  const texts = deployFiles(/./).map((path) => ({ path, text: deployText(path) }));
  const known = ['OSLOTAP_CONFIG', ...LEAVES.map(({ variable }) => variable)];
  for (const { path, text } of texts) {
    const variables = [...text.matchAll(/\bOSLOTAP_[A-Z_]+/g)].map(([name]) => name);
    expect(
      variables.filter((name) => !known.includes(name)),
      path,
    ).toEqual([]);
    const images = [...text.matchAll(/\boslotap:(\d+\.\d+\.\d+)/g)].map(([, tag]) => tag);
    expect(
      images.filter((tag) => tag !== PACKAGE.version),
      path,
    ).toEqual([]);
    const users = [...text.matchAll(/\b(?:runAsUser|runAsGroup|fsGroup): (\d+)/g)].map(([, id]) => Number(id));
    expect(
      users.filter((id) => id !== USER && id !== 0),
      path,
    ).toEqual([]);
    const ports = [...text.matchAll(/\b97\d\d\b/g)].map(([port]) => Number(port));
    expect(
      ports.filter((port) => port !== METRICS_PORT),
      path,
    ).toEqual([]);
  }
  expect(deployText('Containerfile')).toContain(`USER ${USER}:${USER}\n`);
  for (const path of SETTINGS)
    expect(yamlOf(deployText(path))[0]).toMatchObject({ http: { listen: expect.stringMatching(/:9718$/) } });
});

test('a password file is where the unit, the manifests or compose put it', () => {
  const places: Readonly<Record<string, (name: string) => boolean>> = {
    '/run/credentials/oslotap.service': (name) => deployText('systemd/oslotap.service').includes(`LoadCredential=${name}:`),
    '/run/secrets/oslotap': (name) => deployText('kubernetes/README.md').includes(`--from-file=${name}`),
    '/run/secrets': (name) => deployText('compose.yaml').includes(`${name}:\n    file:`),
  };
  for (const path of SETTINGS) {
    const files = [...deployText(path).matchAll(/passwordFile: (\S+)/g)].map(([, file = '']) => file);
    expect(files.length, path).toBeGreaterThan(0);
    for (const file of files) expect(places[dirname(file)]?.(basename(file)), `${file} of ${path}`).toBe(true);
  }
});

test('no secret stands in deploy/', () => {
  for (const path of deployFiles(/./)) {
    const text = deployText(path);
    expect(
      [...text.matchAll(/:\/\/[^\s/@:]+:[^\s/@]+@/g)].map(([url]) => url),
      path,
    ).toEqual([]);
    const passwords = [...text.matchAll(/^ *pass(?:word)?: *(\S+)/gim)].map(([, value]) => value);
    expect(
      passwords.filter((value) => !value?.startsWith('$__file{')),
      path,
    ).toEqual([]);
    expect(text, path).not.toMatch(/^kind: Secret$/m);
  }
});

test('the READMEs name files that are there', () => {
  for (const path of deployFiles(/\.md$/)) {
    const folder = dirname(join(DEPLOY, path));
    const links = [...deployText(path).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
    expect(
      links.filter((link) => !existsSync(join(folder, link))),
      path,
    ).toEqual([]);
  }
});
