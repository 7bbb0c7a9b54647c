#!/usr/bin/env python3
"""A RabbitMQ node of one's own, for a test: python3's standard library and an installed rabbitmq-server, nothing else.

usage: rabbitmq_node.py [--trace] [--tls] [--plugins A,B] [--config LINE]… [--erl-args ARGS] [--until-stdin-closes]
       rabbitmq_node.py --check

Starts a node that shares nothing with another RabbitMQ of the machine (own name, cookie, ports, epmd and folders; it listens
on 127.0.0.1 only), prints one JSON line saying where it is, and runs until SIGTERM or SIGINT (or until its stdin is closed, so
that it cannot outlive the test that started it). Then nothing of it is left, neither a process nor a file.

  {"amqp":"amqp://…/","api":"http://127.0.0.1:…","user":…,"password":…,"node":"…@localhost","pid":…,
   "rabbitmqctl":{"command":["…/rabbitmqctl","-n","…"],"env":{…}},
   "tls":{"amqp":"amqps://…/","amqpWithCert":"amqps://…/","api":"https://…","ca":FILE,"cert":FILE,"key":FILE}}

--trace     turns the firehose on. A restart turns it off again, as it does everywhere.
--tls       TLS listeners too: amqp takes any client, amqpWithCert only one with a certificate of this CA, such as cert and key.
--plugins   instead of rabbitmq_management. rabbitmq_prometheus adds "prometheus":URL to what is printed.
--config    a line for rabbitmq.conf, as often as wanted: --config 'vm_memory_high_watermark.absolute = 400MB'
--erl-args  for Erlang itself, one text: --erl-args='+sbwt none'
--check     starts nothing: exit code 0 where a node can be had.

With --until-stdin-closes it takes commands from stdin, a line each, one after the other, and answers each with a JSON line,
{"ok":true,…} or {"ok":false,"error":…}. The node keeps its name, its ports and its data all the while.

  restart     stops the broker in order and starts it; answers {"pid":…}
  kill        kill -9; clients see their sockets close
  start       starts what was killed; answers {"pid":…}
  ctl [ARG…]  rabbitmqctl with these arguments, a JSON array; answers {"output":…}
  quit        ends as if stdin were closed

Exit code 2: rabbitmq-server is not installed.
"""
import argparse
import base64
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import certificates

DEBIAN_BIN = '/usr/lib/rabbitmq/bin'        # the scripts themselves: those in /usr/sbin change to the user rabbitmq
USER, PASSWORD = 'openstack', 'oslotap-test'
START_TIMEOUT, STOP_TIMEOUT = 60, 30
ONLY_LOOPBACK = '-kernel inet_dist_use_interface {127,0,0,1}'


class NodeError(Exception):
    """The node cannot be had; the message is for people."""


class NotInstalled(NodeError):
    """There is no RabbitMQ on this machine."""


def find_program(name, debian_path=None):
    path = debian_path if debian_path and os.path.exists(debian_path) else shutil.which(name)
    if not path:
        raise NotInstalled('%s is missing: apt-get install rabbitmq-server' % name)
    return path


def find_programs():
    """rabbitmq-server, rabbitmqctl and epmd; raises NotInstalled."""
    return tuple(find_program(name, DEBIAN_BIN + '/' + name) for name in ('rabbitmq-server', 'rabbitmqctl')) + (find_program('epmd'),)


def free_ports(count):
    """Ports nobody listens on, all different. Another program can still take one before the node does: start() then fails."""
    sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def die_with_parent():
    """Runs in a child before its program: the kernel ends it when whoever started it dies, even by SIGKILL."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)      # PR_SET_PDEATHSIG
    except (OSError, AttributeError):
        pass                                            # not Linux


class RabbitMQNode:
    """Context manager: a running node inside `with`, nothing of it afterwards.

    `amqp` and `api` are its URLs. Raises NotInstalled or NodeError (with the log's last lines) when it cannot start.
    """

    def __init__(self, plugins=('rabbitmq_management',), extra_config='', tls=False, erl_args=''):
        self.plugins, self.extra_config, self.tls, self.erl_args = plugins, extra_config, tls, erl_args
        self.user, self.password = USER, PASSWORD
        self.name = 'oslotap-test-%d-%s@localhost' % (os.getpid(), os.urandom(3).hex())
        self.folder = self.epmd = self.server = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self._server_path, self._ctl_path, epmd_path = find_programs()
        self.folder = tempfile.mkdtemp(prefix='oslotap-rabbitmq-')
        self.port, self.api_port, self.tls_port, self.verify_port, self.api_tls_port, self.metrics_port, epmd_port, dist_port = free_ports(8)
        self.amqp = 'amqp://%s:%s@127.0.0.1:%d/' % (self.user, self.password, self.port)
        self.api = 'http://127.0.0.1:%d' % self.api_port
        self.certificates = certificates.make(os.path.join(self.folder, 'tls')) if self.tls else None
        self._write_config()
        self.env = self._environment(epmd_port, dist_port)
        # In the foreground and started by us: the one that RabbitMQ's scripts would start stays behind for ever.
        self.epmd = self._spawn([epmd_path, '-port', str(epmd_port), '-address', '127.0.0.1'])
        self._wait_for_port(epmd_port, self.epmd, 'epmd')
        self.start_broker()

    def start_broker(self):
        """Starts the broker itself: at first, and again after it was stopped or killed."""
        if self.server is not None:
            raise NodeError('the broker is running')
        self.server = self._spawn([self._server_path])
        self._wait_for_port(self.port, self.server, 'rabbitmq-server')
        self._wait_for_api()
        if self.tls:
            self._listen_for_certificates()

    def restart_broker(self):
        """Stops the broker in order, as an administrator does, and starts it."""
        self._require_running()
        self.server.terminate()     # Erlang takes SIGTERM as `rabbitmqctl stop`
        try:
            self.server.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise NodeError('the broker does not stop within %d s.%s' % (STOP_TIMEOUT, self.last_words()))
        self.server = None
        self.start_broker()

    def kill_broker(self):
        """As a crash of the machine's: nothing is said to clients, nothing is saved."""
        self._require_running()
        self.server.kill()
        self.server.wait()
        self.server = None

    def _require_running(self):
        if self.server is None or self.server.poll() is not None:
            raise NodeError('the broker is not running')

    def _write_config(self):
        def write(name, text):
            with open(os.path.join(self.folder, name), 'w') as f:
                f.write(text)
        write('rabbitmq.conf', '\n'.join((
            'listeners.tcp.local = 127.0.0.1:%d' % self.port,
            *self._management_config(),
            'default_user = ' + self.user,
            'default_pass = ' + self.password,
            'disk_free_limit.absolute = 50MB',
            'collect_statistics_interval = 1000',
            'log.console = false',
            'log.file = node.log',
            *self._tls_config(),
            self.extra_config, '')))
        write('enabled_plugins', '[%s].\n' % ','.join(self.plugins))
        write('rabbitmq-env.conf', '')

    def _management_config(self):
        """Only of plugins that are enabled: the broker does not start with keys that it does not know."""
        lines = []
        if self.has_api:
            lines += ['management.tcp.ip = 127.0.0.1', 'management.tcp.port = %d' % self.api_port]
            if self.tls:
                lines += ['management.ssl.ip = 127.0.0.1', 'management.ssl.port = %d' % self.api_tls_port]
                lines += ['management.ssl.%s = %s' % pair for pair in self._tls_files()]
        if 'rabbitmq_prometheus' in self.plugins:
            lines += ['prometheus.tcp.ip = 127.0.0.1', 'prometheus.tcp.port = %d' % self.metrics_port]
        return lines

    def _tls_files(self):
        files = self.certificates
        return ('cacertfile', files['ca']), ('certfile', files['server_cert']), ('keyfile', files['server_key'])

    def _tls_config(self):
        if not self.tls:
            return []
        return ['listeners.ssl.local = 127.0.0.1:%d' % self.tls_port, 'ssl_options.verify = verify_none',
                *('ssl_options.%s = %s' % pair for pair in self._tls_files())]

    def _listen_for_certificates(self):
        """A second TLS listener, that asks for a certificate: rabbitmq.conf has one set of TLS options for all of them."""
        options = ''.join('{%s,"%s"},' % pair for pair in self._tls_files()) + '{verify,verify_peer},{fail_if_no_peer_cert,true}'
        self.rabbitmqctl('eval', 'rabbit_networking:start_ssl_listener({"127.0.0.1",%d},[%s],1).' % (self.verify_port, options))
        self._wait_for_port(self.verify_port, self.server, 'the TLS listener')

    def _environment(self, epmd_port, dist_port):
        """Everything RabbitMQ takes from outside, so that neither /etc/rabbitmq nor the caller's environment is used."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(('RABBITMQ_', 'ERL_'))}
        at = lambda name: os.path.join(self.folder, name)
        env.update({
            'HOME': self.folder,                        # the Erlang cookie
            'ERL_EPMD_PORT': str(epmd_port), 'ERL_EPMD_ADDRESS': '127.0.0.1',
            'ERL_FLAGS': '-start_epmd false',           # ours is there
            'RUNNING_UNDER_SYSTEMD': 'true',            # the script execs Erlang: its pid is the broker's
            'RABBITMQ_NODENAME': self.name,
            'RABBITMQ_DIST_PORT': str(dist_port),
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS': (ONLY_LOOPBACK + ' ' + self.erl_args).strip(),
            'RABBITMQ_CTL_ERL_ARGS': ONLY_LOOPBACK,
            'RABBITMQ_CTL_DIST_PORT_MIN': '0', 'RABBITMQ_CTL_DIST_PORT_MAX': '0',      # any free one
            'RABBITMQ_CONF_ENV_FILE': at('rabbitmq-env.conf'),
            'RABBITMQ_CONFIG_FILE': at('rabbitmq.conf'),
            'RABBITMQ_CONFIG_FILES': at('no-conf.d'),
            'RABBITMQ_ADVANCED_CONFIG_FILE': at('no-advanced.config'),
            'RABBITMQ_ENABLED_PLUGINS_FILE': at('enabled_plugins'),
            'RABBITMQ_MNESIA_BASE': at('data'),
            'RABBITMQ_LOG_BASE': at('log'),
            'RABBITMQ_PID_FILE': at('pid'),
        })
        return env

    def _spawn(self, command):
        """A session of its own: Ctrl-C in a terminal reaches us only, and we end things in order."""
        with open(os.path.join(self.folder, 'output.txt'), 'ab') as output:
            return subprocess.Popen(command, env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output,
                                    stderr=output, start_new_session=True, preexec_fn=die_with_parent)

    def _wait_for_port(self, port, process, what):
        end = time.monotonic() + START_TIMEOUT
        while True:
            try:
                socket.create_connection(('127.0.0.1', port), timeout=1).close()
                return
            except OSError:
                pass
            if process.poll() is not None:
                raise NodeError('%s ended with status %s while starting.%s' % (what, process.returncode, self.last_words()))
            if time.monotonic() > end:
                raise NodeError('%s does not listen on port %d after %d s.%s' % (what, port, START_TIMEOUT, self.last_words()))
            time.sleep(0.05)

    def _wait_for_api(self):
        """The last part of the boot; afterwards users, plugins and listeners are all there."""
        if not self.has_api:
            return
        self._wait_for_port(self.api_port, self.server, 'the management API')
        end = time.monotonic() + START_TIMEOUT
        while True:
            try:
                return self.request('/api/overview')
            except OSError as e:
                if time.monotonic() > end:
                    raise NodeError('the management API does not answer: %s' % e)
                time.sleep(0.1)

    @property
    def has_api(self):
        return any(plugin in self.plugins for plugin in ('rabbitmq_management', 'rabbitmq_shovel_management'))

    def last_words(self, lines=15):
        """The end of what the node said, for error messages."""
        text = []
        for path in (os.path.join(self.folder, 'output.txt'), os.path.join(self.folder, 'log', 'node.log')):
            if os.path.exists(path):
                with open(path, errors='replace') as f:
                    text += f.read().splitlines()[-lines:]
        return ' Its last words:\n' + '\n'.join(text) if text else ''

    def request(self, path):
        """GET from the management API."""
        request = urllib.request.Request(self.api + path)
        request.add_header('Authorization', 'Basic ' + base64.b64encode(('%s:%s' % (self.user, self.password)).encode()).decode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def rabbitmqctl(self, *args):
        """Runs rabbitmqctl against this node; returns what it printed."""
        done = subprocess.run([self._ctl_path, '-q', '-n', self.name, *args], env=self.env, cwd=self.folder, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            why = done.stdout.strip().split('\n\n')[0]      # below stand pages of advice
            raise NodeError('rabbitmqctl %s failed: %s' % (' '.join(args), why))
        return done.stdout

    def describe(self):
        """What another program needs to use this node, as plain JSON."""
        mine = {k: v for k, v in self.env.items() if k == 'HOME' or k.startswith(('RABBITMQ_', 'ERL_'))}
        told = {'amqp': self.amqp, 'api': self.api, 'user': self.user, 'password': self.password, 'node': self.name,
                'pid': self.server.pid, 'rabbitmqctl': {'command': [self._ctl_path, '-n', self.name], 'env': mine}}
        if self.tls:
            told['tls'] = self._describe_tls()
        if 'rabbitmq_prometheus' in self.plugins:
            told['prometheus'] = 'http://127.0.0.1:%d/metrics' % self.metrics_port
        return told

    def _describe_tls(self):
        url = 'amqps://%s:%s@127.0.0.1:%%d/' % (self.user, self.password)
        files = {name: self.certificates[name] for name in ('ca', 'cert', 'key')}
        return {'amqp': url % self.tls_port, 'amqpWithCert': url % self.verify_port,
                'api': 'https://127.0.0.1:%d' % self.api_tls_port, **files}

    def stop(self):
        """Ends the broker and its epmd by their pids, and removes their folder. Killed, as nothing is to be saved: going
        down in order takes the broker six seconds."""
        for process in (self.server, self.epmd):
            if process is not None:
                process.kill()
                process.wait()
        self.server = self.epmd = None
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None


def exit_on_signals():
    """SIGTERM, SIGINT and SIGHUP leave through `finally` and `with`, once: a second one does not interrupt the cleaning up."""
    def leave(number, _):
        for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(s, signal.SIG_IGN)
        sys.exit(128 + number)
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, leave)


def obey(node, line):
    """Carries out one command; returns what answers it."""
    name, _, rest = line.strip().partition(' ')
    if name == 'ctl':
        args = json.loads(rest)
        if not isinstance(args, list):
            raise NodeError('ctl takes a JSON array of arguments')
        return {'output': node.rabbitmqctl(*args)}
    if name == 'kill':
        return node.kill_broker() or {}
    if name in ('restart', 'start'):
        node.restart_broker() if name == 'restart' else node.start_broker()
        return {'pid': node.server.pid}
    raise NodeError('no such command: ' + name)


def obey_until_stdin_closes(node):
    for line in sys.stdin:
        if line.strip() == 'quit':
            return
        try:
            answer = {'ok': True, **obey(node, line)}
        except (NodeError, ValueError, subprocess.TimeoutExpired) as e:
            answer = {'ok': False, 'error': str(e)}
        print(json.dumps(answer), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS)
    parser.add_argument('--trace', action='store_true', help='turn the firehose on')
    parser.add_argument('--tls', action='store_true', help='listen with TLS too')
    parser.add_argument('--plugins', default='rabbitmq_management', help='comma-separated')
    parser.add_argument('--config', action='append', default=[], metavar='LINE', help='a line for rabbitmq.conf')
    parser.add_argument('--erl-args', default='', metavar='ARGS', help='arguments for Erlang')
    parser.add_argument('--until-stdin-closes', action='store_true', help='take commands from stdin, and end when it is closed')
    parser.add_argument('--check', action='store_true', help='only say whether RabbitMQ is installed')
    options = parser.parse_args()
    exit_on_signals()
    try:
        if options.check:
            return find_programs()
        plugins = tuple(name for name in options.plugins.split(',') if name)
        with RabbitMQNode(plugins, '\n'.join(options.config), options.tls, options.erl_args) as node:
            if options.trace:
                node.rabbitmqctl('trace_on')
            print(json.dumps(node.describe()), flush=True)
            if options.until_stdin_closes:
                obey_until_stdin_closes(node)
            else:
                signal.pause()
    except (NodeError, certificates.OpensslError) as e:
        print('rabbitmq_node: %s' % e, file=sys.stderr)
        sys.exit(2 if isinstance(e, (NotInstalled, certificates.OpensslMissing)) else 1)


if __name__ == '__main__':
    main()
