#!/usr/bin/python3
"""Everything that goes wrong between oslo.messaging's clients and servers, on a broker that is there, in half a minute.

usage: oslo_failures.py OUT.expected.json --amqp URL [--on-request] [--recent] [--queues classic|quorum|stream]

The services of oslo_messaging_scenario.py, and some more that break, talk over the broker at URL, whose tap is under test:
calls, casts, fanouts, notifications and exceptions as there, and what is listed at CASES below. It prints `ready` when all
services run, then begins (with --on-request once a line comes on stdin); when it ends, everything was sent, handled and
answered. OUT has the form of the scenario's: for every message its unique_id, kind, method, outcome (sent, ok, failed, timeout),
how often it was answered, its case, and of a call that fails by which verdict, where, as the code here made it fail.

Needs oslo.messaging; without it it says so, exit code 2. For --recent and --queues see oslo_variants.py. One at a time on a
virtual host: queues are named as OpenStack names them, and stay.
"""
import argparse
import concurrent.futures
import contextlib
import contextvars
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import urllib.parse

import oslo_messaging_scenario as scenario
import oslo_probe
import oslo_variants
import rabbitmq_node
from oslo_messaging_scenario import Endpoint, ScenarioError, serving, tolerated
from oslo_probe import failing_by

MEGABYTE = 1_000_000


def text(size):
    """Hex digits, quickly made; they compress to a half."""
    return os.urandom(size // 2).hex()


# --- services that break -----------------------------------------------------------------------------------------------------

class Mortal(Endpoint):
    """Dies of a call, after it has been taken and before it is answered."""

    def die(self, context):
        oslo_probe.note_handled()
        os.kill(os.getpid(), signal.SIGKILL)


class Worker(Endpoint):
    """Can be stopped from outside: it stays connected then, and reads nothing any more."""

    def pid(self, context):
        oslo_probe.note_handled()       # whoever asks stops this process as soon as it is answered
        return os.getpid()

    def work(self, context, nth):
        return nth


class Severing(Endpoint):
    """Loses its caller's reply queue while it works, and the caller cannot declare it anew before `seconds` are over."""

    def sever(self, context, pid, reply_queue, seconds):
        os.kill(pid, signal.SIGSTOP)
        delete_queue(self.bus.url, reply_queue)
        threading.Timer(seconds, os.kill, (pid, signal.SIGCONT)).start()
        return 'nobody is there to read this'


class Mute(Endpoint):
    """Takes a call, and never answers."""

    def hang(self, context):
        oslo_probe.note_handled()
        time.sleep(3600)


class Slow(Endpoint):
    def linger(self, context, seconds):
        time.sleep(seconds)


class Heir(Endpoint):
    """Consumes the queue of a service that died, from when it is told to."""

    def take_over(self, context, topic):
        self.bus.serve(topic, [Slow(self.bus)])


class Checker(Endpoint):
    """Asks as nova-compute does before a live migration: an instance need not have a group."""

    def find_group(self, context):
        self.bus.client('conductor').call(context, 'object_class_action_versions', objname='InstanceGroup',
                                          objmethod='get_by_instance_uuid', object_versions={}, args=[], kwargs={})

    def check(self, context):
        with tolerated('RemoteError'):
            self.find_group(context)        # an answer, not a failure
        return self.bus.client('conductor').call(context, 'echo', value='there is none: go on')

    def insist(self, context):
        with failing_by('failed', 'conductor', evidence='gave up'):
            self.find_group(context)


class Large(Endpoint):
    def swallow(self, context, contents):
        return len(contents)

    def dump(self, context, size):
        return text(size)


def delete_queue(amqp_url, queue):
    import amqp
    url = urllib.parse.urlsplit(amqp_url)
    with amqp.Connection(host='%s:%d' % (url.hostname, url.port or 5672), userid=urllib.parse.unquote(url.username),
                         password=urllib.parse.unquote(url.password), virtual_host=urllib.parse.unquote(url.path[1:]) or '/') as connection:
        connection.channel().queue_delete(queue)


# --- what goes wrong ---------------------------------------------------------------------------------------------------------

def nobody_there(bus):
    """No queue; a queue without a consumer; a fanout and a cast that no queue takes."""
    scenario.to_nobody(bus)


def too_slow(bus):
    """The reply comes after the caller gave up."""
    scenario.late_replies(bus)


def server_killed(bus):
    with failing_by('no_reply', 'mortal'), tolerated('MessagingTimeout'):
        bus.client('mortal', timeout=3).call(bus.context(), 'die')


def server_hangs(bus):
    with failing_by('no_reply', 'mute'), tolerated('MessagingTimeout'):
        bus.client('mute', timeout=1.5).call(bus.context(), 'hang')


def server_hangs_monitored(bus):
    """The library in it goes on to say that it is at work."""
    with failing_by('no_reply', 'mute', evidence='heartbeats'), tolerated('MessagingTimeout'):
        bus.client('mute', timeout=3, call_monitor_timeout=2).call(bus.context(), 'hang')


def server_stopped(bus):
    """Delivered, as far as the broker knows; served when the process goes on, too late for the call."""
    context, worker = bus.context(), bus.client('sleeper', server='cmp1', timeout=1.5)
    pid = worker.call(context, 'pid')
    os.kill(pid, signal.SIGSTOP)
    try:
        with failing_by('late_reply', 'sleeper.cmp1', 'nova-sleeper', 'cmp1'), tolerated('MessagingTimeout'):
            worker.call(context, 'work', nth=0)
        worker.cast(context, 'work', nth=1)
        time.sleep(0.5)     # late by more than what a busy machine adds to a tap's times
    finally:
        os.kill(pid, signal.SIGCONT)


def full_server_stopped(bus):
    """The same with a prefetch of 1: the second call stays in its queue, until it expires there."""
    context, worker = bus.context(), bus.client('metering_agent', exchange='neutron', server='net1', timeout=1.5)
    pid = worker.call(context, 'pid')
    os.kill(pid, signal.SIGSTOP)
    try:
        with failing_by('late_reply', 'metering_agent.net1', 'neutron-metering-agent', 'net1'), tolerated('MessagingTimeout'):
            worker.call(context, 'work', nth=0)
        with failing_by('not_consumed', 'metering_agent.net1', 'neutron-metering-agent', 'net1'), tolerated('MessagingTimeout'):
            worker.call(context, 'work', nth=1)
        time.sleep(5)       # a quorum queue does not look at once whether its head has expired, least of all on a busy machine
    finally:
        os.kill(pid, signal.SIGCONT)


def agent_gone(bus):
    """Its queues are still there."""
    client = bus.client('l3_agent', exchange='neutron', server='net1', timeout=1)
    with failing_by('not_consumed', 'l3_agent.net1', 'neutron-l3-agent', 'net1'), tolerated('MessagingTimeout'):
        client.call(bus.context(), 'echo', value=1)


def heir_too_slow(bus):
    """A call was given to a worker that is stopped and dies; its heir is given it again, and answers too late."""
    context = bus.context()
    pid = bus.client('legacy', server='r1').call(context, 'pid')
    os.kill(pid, signal.SIGSTOP)

    def succeed():
        os.kill(pid, signal.SIGKILL)
        bus.client('heir').call(context, 'take_over', topic='legacy')
    timer = threading.Timer(0.7, contextvars.copy_context().run, (succeed,))
    timer.start()
    with failing_by('late_reply', 'legacy', 'nova-heir', 'r2', evidence='redelivered'), tolerated('MessagingTimeout'):
        bus.client('legacy', timeout=4).call(context, 'linger', seconds=4)
    timer.join()


def worker_killed(bus):
    """Two workers of one queue; one is stopped, and killed with casts that it never read: the broker delivers those again."""
    context = bus.context()
    pid = bus.client('workers', server='w1').call(context, 'pid')
    os.kill(pid, signal.SIGSTOP)
    for nth in range(6):
        bus.client('workers').cast(context, 'work', nth=nth)
    time.sleep(1)       # the broker has written them to both sockets
    os.kill(pid, signal.SIGKILL)


def reply_queue_deleted(bus):
    """The server tries to reply again and again; when the caller's process goes on, its time is over, and then it gets the reply."""
    context, client = bus.context(), bus.client('severing', timeout=2)
    client.call(context, 'echo', value='now there is a reply queue')
    reply_queue = bus.rpc._driver._reply_q
    # What it finds first when it wakes up, the time-out or a reply in the queue that it declares anew, is the kernel's choice.
    with failing_by('late_reply', reply_queue, bus.service, bus.server), contextlib.suppress(bus.messaging.MessagingTimeout):
        client.call(context, 'sever', pid=os.getpid(), reply_queue=reply_queue, seconds=3)


def caller_deaf(bus):
    """The same, with a server that gives up before the caller's process goes on."""
    context, reply_queue = bus.context(), bus.rpc._driver._get_reply_q()
    with failing_by('reply_lost', reply_queue, bus.service, bus.server, evidence='lives'), tolerated('MessagingTimeout'):
        bus.client('impatient', timeout=2).call(context, 'sever', pid=os.getpid(), reply_queue=reply_queue, seconds=3)
    bus.client('conductor').call(context, 'echo', value='still there')


def exceptions(bus):
    scenario.failures(bus)


def control_flow(bus):
    context = bus.context()
    bus.client('checker').call(context, 'check')
    with failing_by('failed', 'checker'), tolerated('RemoteError'):
        bus.client('checker').call(context, 'insist')
    with tolerated('RemoteError'):
        Checker(bus).find_group(context)        # nobody knows what an API does with it


def large(bus):
    """1 MB and 10 MB, there and back."""
    context, client = bus.context(), bus.client('large', timeout=30)
    for size in (MEGABYTE, 10 * MEGABYTE):
        assert client.call(context, 'swallow', contents=text(size)) == size
        assert len(client.call(context, 'dump', size=size)) == size
    client.cast(context, 'swallow', contents=text(MEGABYTE))
    bus.notify(context, 'large.payload', {'contents': text(MEGABYTE)})


def gzip(bus):
    """Replies of a server that compresses, to a client that does not."""
    scenario.gzip_plugin(bus)


def healthy(bus):
    """Between all that, requests that go well."""
    scenario.boot(bus)
    scenario.fanouts(bus)
    scenario.notifications(bus)


CASES = (nobody_there, too_slow, server_killed, server_hangs, server_hangs_monitored, server_stopped, full_server_stopped,
         agent_gone, heir_too_slow, worker_killed, exceptions, control_flow, large, gzip, healthy)


# --- the processes -----------------------------------------------------------------------------------------------------------

def serve_cases(*cases):
    """A client: all its cases at once, as most of them wait."""
    def start(bus):
        def run():
            with concurrent.futures.ThreadPoolExecutor(len(cases)) as users:
                for done in [users.submit(contextvars.Context().run, play_case, case, bus) for case in cases]:
                    done.result()
        return run
    return start


def play_case(case, bus):
    oslo_probe.CASE.set(case.__name__)
    case(bus)


def with_prefetch(count, start):
    def begin(bus):
        bus.rpc.conf.set_override('rabbit_qos_prefetch_count', count, 'oslo_messaging_rabbit')
        start(bus)
    return begin


def impatient(seconds, start):
    """A server that seeks a missing reply queue no longer than this."""
    def begin(bus):
        bus.rpc._driver.missing_destination_retry_timeout = seconds
        start(bus)
    return begin


def listening(start):
    """As a service that has made calls before: connected, with a reply queue."""
    def begin(bus):
        bus.rpc._driver._get_reply_q()
        return start(bus)
    return begin


MORTALS = (
    ('nova-mortal', 'ctl', 'nova', None, serving('mortal', Mortal)),
    ('nova-worker', 'w1', 'nova', None, serving('workers', Worker)),
    ('nova-legacy', 'r1', 'nova', None, serving('legacy', Worker)),
)
SERVICES = (
    *(row for row in scenario.SERVICES if row[0] not in ('nova-api', 'cinder-api', 'neutron-openvswitch-agent')),
    ('neutron-openvswitch-agent', 'cmp1', 'neutron', 'gzip', scenario.serve_agent),
    ('nova-worker', 'w2', 'nova', None, serving('workers', Worker)),
    ('nova-sleeper', 'cmp1', 'nova', None, serving('sleeper', Worker)),
    ('nova-severing', 'ctl', 'nova', None, serving('severing', Severing)),
    ('nova-impatient', 'ctl', 'nova', None, impatient(1, serving('impatient', Severing))),
    ('nova-mute', 'ctl', 'nova', None, serving('mute', Mute)),
    ('nova-heir', 'r2', 'nova', None, serving('heir', Heir)),
    ('nova-checker', 'cmp2', 'nova', None, serving('checker', Checker)),
    ('neutron-metering-agent', 'net1', 'neutron', None, with_prefetch(1, serving('metering_agent', Worker))),
    ('neutron-l3-agent', 'net1', 'neutron', None, scenario.stopped('l3_agent')),
    ('nova-large', 'ctl', 'nova', None, serving('large', Large)),
    ('nova-api', 'ctl', 'nova', None, serve_cases(*CASES)),
    # Processes of their own: they are stopped in the middle.
    ('nova-osapi', 'ctl', 'nova', None, listening(serve_cases(reply_queue_deleted))),
    ('nova-metadata', 'ctl', 'nova', None, listening(serve_cases(caller_deaf))),
    ('nova-novncproxy', 'net1', 'nova', None, listening(serve_cases(caller_deaf))),
    ('cinder-api', 'ctl', 'openstack', 'bzip2', scenario.serve_cinder_api),
)


def play(amqp, is_on_request):
    """Runs everything on this broker; returns what OUT.expected.json holds."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='oslotap-failures-'))
        journal = os.path.join(folder, 'journal.ndjson')
        oslo_probe.open_journal(journal)
        go = multiprocessing.get_context('fork').Event()

        def start(row):
            service = scenario.Service(row, amqp, folder, go)
            stack.callback(service.stop)
            return service
        mortals, services = [start(row) for row in MORTALS], [start(row) for row in SERVICES]
        scenario.wait_for(mortals + services, 'ready', scenario.READY_SECONDS)
        print('ready', flush=True)
        if is_on_request:
            sys.stdin.readline()
        go.set()
        scenario.wait_for(services, 'done', scenario.RUN_SECONDS)
        scenario.settle(journal)
        for service in mortals + services:
            service.stop()      # a server that hangs still sends its heartbeats
        return oslo_probe.expected(journal)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS)
    parser.add_argument('out')
    parser.add_argument('--amqp', required=True, help='amqp://user:password@host:port/')
    parser.add_argument('--on-request', action='store_true', help='wait for a line on stdin before it begins')
    oslo_variants.add_arguments(parser)
    options = parser.parse_args()
    rabbitmq_node.exit_on_signals()
    os.setpgrp()        # a recent oslo.messaging names its queues after its process group's leader, which must be alive
    try:
        with contextlib.ExitStack() as stack:
            oslo_variants.apply(options, stack)
            scenario.import_oslo()
            expected = play(options.amqp, options.on_request)
    except ScenarioError as e:
        print('oslo_failures: %s' % e, file=sys.stderr)
        sys.exit(1)
    with open(options.out, 'w') as f:
        json.dump(expected, f, indent=1, ensure_ascii=False)
    print('oslo_failures: %s' % json.dumps(expected['counts']), file=sys.stderr)


if __name__ == '__main__':
    main()
