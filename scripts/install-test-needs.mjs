#!/usr/bin/env node
/**
 * Installs what the tests against a real RabbitMQ and a real oslo.messaging need, those of deploy/, and those of pages.
 * Plain Node ≥ 20, nothing installed.
 *
 *   node scripts/install-test-needs.mjs            as root on Debian or Ubuntu: apt-get installs what is missing
 *   node scripts/install-test-needs.mjs --check    only says what is missing
 *
 * Elsewhere it says what to install and exits 0: the tests then skip, loudly. Exit 1: apt-get failed. Exit 2: wrong usage.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

// python3-venv and openssl: for a recent oslo.messaging beside Debian's, and for a broker with TLS. systemd, prometheus and
// prometheus-alertmanager: for systemd-analyze, promtool and amtool, which check what deploy/ has. graphviz and jq read what show and the docs'
// examples give. chromium: opens reports; Ubuntu has it as a snap only, which apt-get cannot install everywhere.
const NEEDS = [
  ...['rabbitmq-server', 'python3-oslo.messaging', 'python3', 'python3-venv', 'openssl'],
  ...['systemd', 'prometheus', 'prometheus-alertmanager', 'graphviz', 'jq'],
  ...(osIds().includes('ubuntu') ? [] : ['chromium']),
];
const POLICY = '/usr/sbin/policy-rc.d';

const say = (line) => console.log(`test needs: ${line}`);

/** Debian, Ubuntu or one of their children: only there are the packages' names and apt-get known. */
function isDebianLike() {
  return /\b(debian|ubuntu)\b/.test(osIds()) && isInPath('dpkg-query') && isInPath('apt-get');
}

/** `ID=ubuntu ID_LIKE=debian`; '' where the file is not there. */
function osIds() {
  if (!existsSync('/etc/os-release')) return '';
  const ids = readFileSync('/etc/os-release', 'utf8').match(/^ID(_LIKE)?=.*$/gm) ?? [];
  return ids.join(' ');
}

function isInPath(program) {
  // Debian keeps rabbitmq-server in /usr/sbin, which is not in every user's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** One dpkg-query for all packages, so that a run with nothing to do costs milliseconds. */
function missingPackages() {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are dpkg-query's own placeholders
  const format = '${Package} ${db:Status-Status}\n';
  const query = spawnSync('dpkg-query', ['-W', '-f', format, ...NEEDS], { encoding: 'utf8' });
  const installed = new Set((query.stdout ?? '').split('\n'));
  return NEEDS.filter((name) => !installed.has(`${name} installed`));
}

/** Without dpkg: the programs themselves, and the module by Python's own search. */
function missingPrograms() {
  const hasModule = "import importlib.util, sys; sys.exit(importlib.util.find_spec('oslo_messaging') is None)";
  const pythons = ['python3', '/usr/bin/python3'];
  const present = {
    'rabbitmq-server': () => isInPath('rabbitmq-server'),
    'python3-oslo.messaging': () => pythons.some((python) => spawnSync(python, ['-c', hasModule]).status === 0),
    python3: () => isInPath('python3'),
    'python3-venv': () => pythons.some((python) => spawnSync(python, ['-c', 'import ensurepip, venv']).status === 0),
    openssl: () => isInPath('openssl'),
    systemd: () => isInPath('systemd-analyze'),
    prometheus: () => isInPath('promtool'),
    'prometheus-alertmanager': () => isInPath('amtool'),
    chromium: () => isInPath('chromium'),
    graphviz: () => isInPath('dot'),
    jq: () => isInPath('jq'),
  };
  return NEEDS.filter((name) => !present[name]());
}

/** Runs `work` while init scripts may not start anything: installing a broker must not leave one running. */
function withoutStartingServices(work) {
  if (existsSync(POLICY)) {
    const allowed = spawnSync(POLICY, ['rabbitmq-server', 'start']).status === 0;
    if (allowed) say(`${POLICY} lets packages start their services: rabbitmq-server may be started`);
    return work();
  }
  // With a listener, Ctrl-C ends apt-get (it gets the signal too) but not us: the policy is always removed.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
  writeFileSync(POLICY, "#!/bin/sh\n# oslotap's install-test-needs.mjs: removed when it ends\nexit 101\n", {
    mode: 0o755,
  });
  try {
    return work();
  } finally {
    rmSync(POLICY, { force: true });
  }
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-qq', '-o', 'DPkg::Lock::Timeout=120'];
  return spawnSync('apt-get', [...options, ...args], { encoding: 'utf8', env, maxBuffer: 64 << 20 });
}

/** The line that says why: apt's first error, or whatever it said last. */
function reason({ stderr, stdout, error, signal, status }) {
  const lines = `${stdout ?? ''}\n${stderr ?? ''}`.split('\n').filter((line) => line.trim());
  return lines.find((line) => /^(E:|dpkg: error)/.test(line)) ?? error?.message ?? lines.at(-1) ?? `status ${signal ?? status}`;
}

function install(packages) {
  say(`installing ${packages.join(', ')} (apt-get, without recommended packages, no service is started)`);
  const update = aptGet('update');
  if (update.status !== 0) say(`apt-get update failed, going on with the lists there are: ${reason(update)}`);
  const result = withoutStartingServices(() => aptGet('install', '-y', '--no-install-recommends', ...packages));
  if (result.status === 0) {
    say(`installed ${packages.join(', ')}`);
    return 0;
  }
  console.error(`test needs: apt-get install ${packages.join(' ')} failed: ${reason(result)}`);
  return 1;
}

function main(args) {
  if (args.some((arg) => arg !== '--check')) {
    console.error('usage: install-test-needs.mjs [--check]');
    return 2;
  }
  const debian = isDebianLike();
  const missing = debian ? missingPackages() : missingPrograms();
  if (missing.length === 0) {
    say(`${NEEDS.join(', ')}: all there`);
    return 0;
  }
  const isRoot = process.getuid?.() === 0;
  if (debian && isRoot && !args.includes('--check')) return install(missing);
  const how = debian ? `${isRoot ? '' : 'sudo '}apt-get install` : 'install what your system calls';
  say(`missing: ${missing.join(', ')}; tests that need them will be skipped. To have them run: ${how} ${missing.join(' ')}`);
  return 0;
}

process.exitCode = main(process.argv.slice(2));
