#!/usr/bin/env python3
"""A RabbitMQ node of one's own, for a test: python3's standard library and an installed rabbitmq-server, nothing else.

usage: rabbitmq_node.py [--trace] [--until-stdin-closes]

Starts a node that shares nothing with another RabbitMQ of the machine (own name, cookie, ports, epmd and folders; it listens
on 127.0.0.1 only), prints one JSON line saying where it is, and runs until SIGTERM or SIGINT (or until its stdin is closed, so
that it cannot outlive the test that started it). Then nothing of it is left, neither a process nor a file.

  {"amqp":"amqp://…/","api":"http://127.0.0.1:…","user":…,"password":…,"node":"…@localhost","pid":…,
   "rabbitmqctl":{"command":["…/rabbitmqctl","-n","…"],"env":{…}}}

--trace turns the firehose on. Exit code 2: rabbitmq-server is not installed.
"""
import argparse
import base64
import ctypes
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

DEBIAN_BIN = '/usr/lib/rabbitmq/bin'        # the scripts themselves: those in /usr/sbin change to the user rabbitmq
USER, PASSWORD = 'openstack', 'oslotap-test'
START_TIMEOUT = 60
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

    def __init__(self, plugins=('rabbitmq_management',), extra_config=''):
        self.plugins, self.extra_config = plugins, extra_config
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
        self._server_path = find_program('rabbitmq-server', DEBIAN_BIN + '/rabbitmq-server')
        self._ctl_path = find_program('rabbitmqctl', DEBIAN_BIN + '/rabbitmqctl')
        epmd_path = find_program('epmd')
        self.folder = tempfile.mkdtemp(prefix='oslotap-rabbitmq-')
        self.port, self.api_port, epmd_port, dist_port = free_ports(4)
        self.amqp = 'amqp://%s:%s@127.0.0.1:%d/' % (self.user, self.password, self.port)
        self.api = 'http://127.0.0.1:%d' % self.api_port
        self._write_config()
        self.env = self._environment(epmd_port, dist_port)
        # In the foreground and started by us: the one that RabbitMQ's scripts would start stays behind for ever.
        self.epmd = self._spawn([epmd_path, '-port', str(epmd_port), '-address', '127.0.0.1'])
        self._wait_for_port(epmd_port, self.epmd, 'epmd')
        self.server = self._spawn([self._server_path])
        self._wait_for_port(self.port, self.server, 'rabbitmq-server')
        self._wait_for_api()

    def _write_config(self):
        def write(name, text):
            with open(os.path.join(self.folder, name), 'w') as f:
                f.write(text)
        write('rabbitmq.conf', '\n'.join((
            'listeners.tcp.local = 127.0.0.1:%d' % self.port,
            'management.tcp.ip = 127.0.0.1',
            'management.tcp.port = %d' % self.api_port,
            'default_user = ' + self.user,
            'default_pass = ' + self.password,
            'disk_free_limit.absolute = 50MB',
            'collect_statistics_interval = 1000',
            'log.console = false',
            'log.file = node.log',
            self.extra_config, '')))
        write('enabled_plugins', '[%s].\n' % ','.join(self.plugins))
        write('rabbitmq-env.conf', '')

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
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS': ONLY_LOOPBACK,
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
        if 'rabbitmq_management' not in self.plugins:
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
            raise NodeError('rabbitmqctl %s failed: %s' % (' '.join(args), done.stdout.strip()))
        return done.stdout

    def describe(self):
        """What another program needs to use this node, as plain JSON."""
        mine = {k: v for k, v in self.env.items() if k == 'HOME' or k.startswith(('RABBITMQ_', 'ERL_'))}
        return {'amqp': self.amqp, 'api': self.api, 'user': self.user, 'password': self.password, 'node': self.name,
                'pid': self.server.pid, 'rabbitmqctl': {'command': [self._ctl_path, '-n', self.name], 'env': mine}}

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


def wait_until_stdin_closes():
    while select.select([0], [], [])[0] and os.read(0, 4096):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS)
    parser.add_argument('--trace', action='store_true', help='turn the firehose on')
    parser.add_argument('--until-stdin-closes', action='store_true', help='end when stdin is closed, too')
    options = parser.parse_args()
    exit_on_signals()
    try:
        with RabbitMQNode() as node:
            if options.trace:
                node.rabbitmqctl('trace_on')
            print(json.dumps(node.describe()), flush=True)
            if options.until_stdin_closes:
                wait_until_stdin_closes()
            else:
                signal.pause()
    except NodeError as e:
        print('rabbitmq_node: %s' % e, file=sys.stderr)
        sys.exit(2 if isinstance(e, NotInstalled) else 1)


if __name__ == '__main__':
    main()
