#!/usr/bin/python3
"""Real oslo.messaging on a real RabbitMQ, recorded: every kind of message that there is on the wire, in half a minute.

usage: oslo_messaging_scenario.py OUT.ndjson.gz [--amqp URL --api URL] [--recent] [--queues classic|quorum|stream]

Starts a RabbitMQ of its own with the firehose on (or uses the one given, whose firehose has to be on), records it, and lets
processes that are named like a cloud's services (nova-api, nova-conductor, three nova-compute, neutron-server with
kombu_compression = gzip, cinder-volume with bzip2, …) talk over oslo.messaging as OpenStack does. Writes

  OUT.ndjson.gz           the capture
  OUT.connections.json    what the management API said of connections, consumers, bindings, queues
  OUT.expected.json       what was really sent, as the sending and the handling code knows it: messages (with their parents, who
                          handled them, how they ended), counts, and every secret text that was in them

Nothing stays running. Needs Debian's rabbitmq-server and python3-oslo.messaging; without them it says so, exit code 2. For
--recent and --queues see oslo_variants.py.
"""
import argparse
import concurrent.futures
import contextlib
import contextvars
import json
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import uuid
import zlib

import oslo_probe
import oslo_variants
import rabbitmq_node
from oslo_probe import failing_by, secret

READY_SECONDS, RUN_SECONDS, SETTLE_SECONDS = 30, 60, 20
LARGE = 200_000
LOOK_ALIKES = {
    '_unique_id': 'f' * 32, '_msg_id': 'e' * 32, '_reply_q': 'reply_' + 'd' * 32, 'method': 'not_the_method', 'version': '9.9',
    'oslo.version': '2.0', 'oslo.message': '{"method": "not_this_either", "_unique_id": "%s"}' % ('c' * 32),
    '_context_request_id': 'req-00000000-0000-4000-8000-000000000000', 'event_type': 'not.an.event', 'result': None,
    'failure': '{"class": "NoFailure"}', 'ending': False, 'namespace': 'nowhere',
}
UNICODE = {'name': 'Ελληνικός διακομιστής', 'emoji': '🦀🔥 – “quotes”', 'zero': 'a\u0000b\u2028c',
           'quotes': 'say "hi" \\ \'there\' \\" \n\t/',
           'Ключ': ['値', None, True, -1, 1.5e300, 2 ** 63, '', {}, []]}


def noise(size):
    """Text that hardly compresses."""
    return ''.join(random.choices('abcdefghijklmnopqrstuvwxyz0123456789', k=size))


# --- one process: its transport, contexts, clients and servers ---------------------------------------------------------------

class Bus:
    """oslo.messaging as one service uses it: set up with nova's serializer, and its exchange and compression."""

    def __init__(self, url, service, server, exchange, compression):
        import oslo_messaging
        from oslo_config import cfg
        self.messaging, self.url, self.service, self.server = oslo_messaging, url, service, server
        oslo_messaging.set_transport_defaults(exchange)
        conf = cfg.CONF        # as services do: oslo.messaging has options that are registered only there
        conf([], project=service, default_config_files=[], default_config_dirs=[])
        url = url.replace('amqp:', 'rabbit:') + ('?kombu_compression=' + compression if compression else '')
        self.serializer = make_serializer(oslo_messaging)
        self.rpc = oslo_messaging.get_rpc_transport(conf, url)
        self.notifications = oslo_messaging.get_notification_transport(conf, url)
        self.notifiers = {}

    def context(self, global_request_id=None):
        """The context of a new request, with a token of its own."""
        from oslo_context.context import RequestContext
        return RequestContext(
            auth_token=secret('TOKEN', 'gAAAAA-SECRET-%s'), user_id=uuid.uuid4().hex, project_id=uuid.uuid4().hex, user_domain_id='default',
            project_domain_id='default', roles=['member', 'reader'], global_request_id=global_request_id)

    def client(self, topic, exchange=None, **prepared):
        target = self.messaging.Target(topic=topic, exchange=exchange, version=prepared.pop('version', '1.0'))
        prepared.setdefault('timeout', 20)
        make = getattr(self.messaging, 'get_rpc_client', None) or self.messaging.RPCClient
        return make(self.rpc, target, serializer=self.serializer).prepare(**prepared)

    def serve(self, topic, endpoints):
        target = self.messaging.Target(topic=topic, server=self.server)
        server = self.messaging.get_rpc_server(self.rpc, target, endpoints, executor='threading', serializer=self.serializer)
        server.start()
        return server

    def notify(self, context, event_type, payload, priority='info', topic='notifications', driver='messagingv2'):
        if (topic, driver) not in self.notifiers:
            self.notifiers[topic, driver] = self.messaging.Notifier(
                self.notifications, '%s:%s' % (self.service, self.server), driver=driver, topics=[topic], serializer=self.serializer)
        getattr(self.notifiers[topic, driver], priority)(context, event_type, payload)


def make_serializer(oslo_messaging):
    from oslo_context.context import RequestContext

    class ContextSerializer(oslo_messaging.NoOpSerializer):
        """As nova's: a context travels as its dict, and OSProfiler's trace_info with it."""

        def serialize_context(self, context):
            trace = {'hmac_key': secret('HMAC-KEY'), 'base_id': str(uuid.uuid4()), 'parent_id': str(uuid.uuid4())}
            return {**context.to_dict(), 'trace_info': trace}

        def deserialize_context(self, values):
            return RequestContext.from_dict(values)
    return ContextSerializer()


def remote_exception(name):
    """An exception class as nova has them: its module is not known here, so callers get a RemoteError."""
    return type(name, (Exception,), {'__module__': 'nova.exception'})


InstanceInvalidState, InstanceNotFound = remote_exception('InstanceInvalidState'), remote_exception('InstanceNotFound')
InstanceGroupNotFound = remote_exception('InstanceGroupNotFound')


def expecting(*exceptions):
    """oslo_messaging.expected_exceptions, imported when first called: the module is loaded without oslo.messaging for --help."""
    def decorate(method):
        def call(*args, **kwargs):
            from oslo_messaging import expected_exceptions
            return expected_exceptions(*exceptions)(method)(*args, **kwargs)
        return call
    return decorate


# --- what the services serve -------------------------------------------------------------------------------------------------

class Endpoint:
    def __init__(self, bus, namespace=None):
        self.bus = bus
        self.target = bus.messaging.Target(namespace=namespace, version='1.9')

    def echo(self, context, value):
        return value


class Conductor(Endpoint):
    def build_instances(self, context, instance, **_):
        host = self.bus.client('scheduler').call(context, 'select_destinations', instance=instance, limits=LOOK_ALIKES)
        self.bus.notify(context, 'compute_task.build_instances', {'instance': instance, 'host': host})
        self.bus.client('compute', server=host).cast(
            context, 'build_and_run_instance', instance=instance, admin_password=secret('ADMIN-PASSWORD'),
            injected_files=[['/etc/shadow', secret('INJECTED-FILE')]])
        return host

    def object_action(self, context, objinst, objmethod, args):
        return {'updates': objinst, 'result': {'done': objmethod, 'connection_info': {'auth_password': secret('CHAP')}}}

    @expecting(InstanceGroupNotFound)
    def object_class_action_versions(self, context, objname, objmethod, object_versions, args, kwargs):
        """As if there were no groups: what asks for one goes on without."""
        raise InstanceGroupNotFound('Instance group %s could not be found: %s' % (objname, secret('IN-CONTROL-FLOW')))

    def instance_event(self, context, **_):
        pass

    @expecting(InstanceNotFound)
    def find_instance(self, context, instance):
        raise InstanceNotFound('Instance %s cannot be found by token %s' % (instance, secret('IN-EXPECTED-FAILURE')))

    def divide(self, context, by):
        local = secret('IN-UNEXPECTED-FAILURE')
        raise ValueError('cannot divide %s with “%s” \\ "" ✗' % (by, local))

    def migrate(self, context, seconds):
        """Goes on after its caller has given up, as real services do."""
        time.sleep(seconds)
        self.bus.client('conductor').cast(context, 'instance_event', event='migrated late')
        return {'late': True, 'console_token': secret('LATE-RESULT')}


class BaseApi(Endpoint):
    """The same methods' second namespace, as nova's services have it."""

    def __init__(self, bus):
        super().__init__(bus, namespace='baseapi')

    def ping(self, context, arg):
        return {'service': self.bus.service, 'arg': arg}


class Scheduler(Endpoint):
    def select_destinations(self, context, instance, limits):
        host = random.choice(('cmp1', 'cmp2', 'cmp3'))
        self.bus.client('compute', server=host).call(context, 'check_instance', instance=instance)
        return host


class Compute(Endpoint):
    def check_instance(self, context, instance):
        self._save(context, instance)
        return True

    def _save(self, context, instance):
        objinst = {'nova_object.name': 'Instance', 'nova_object.data': {'uuid': instance, 'user_data': secret('USER-DATA')}}
        self.bus.client('conductor').call(context, 'object_action', objinst=objinst, objmethod='save', args=[])

    def build_and_run_instance(self, context, instance, admin_password, injected_files):
        self.bus.notify(context, 'compute.instance.create.start', {'instance_id': instance, 'adminPass': admin_password})
        self._save(context, instance)
        port = self.bus.client('q-plugin', exchange='neutron').call(context, 'create_port', instance=instance)
        self.bus.client('conductor').cast(context, 'instance_event', event='network-vif-plugged', port=port)
        self.bus.notify(context, 'instance.create.end', {'nova_object.data': {'uuid': instance}}, topic='versioned_notifications')
        # What nova spawns and does not wait for: the handler is done before it.
        later = threading.Thread(target=contextvars.copy_context().run, args=(self._later, context, instance))
        later.start()

    def _later(self, context, instance):
        time.sleep(0.2)
        self._save(context, instance)
        self.bus.notify(context, 'compute.instance.create.end', {'instance_id': instance, 'note': 'free text: ' + secret('PAYLOAD-TEXT')})

    def refresh_rules(self, context, instance):
        self._save(context, instance)

    def console_output(self, context, size):
        return {'output': noise(size) + secret('CONSOLE-OUTPUT')}

    def inject_file(self, context, path, contents):
        return len(contents)

    def attach_volume(self, context, seconds):
        time.sleep(seconds)

    @expecting(InstanceInvalidState)
    def rescue(self, context, rescue_password):
        raise InstanceInvalidState('Instance is locked; password %s not set' % rescue_password)


class Plugin(Endpoint):
    """neutron-server's: compressed, whoever asks."""

    def create_port(self, context, instance):
        port = {'id': str(uuid.uuid4()), 'device_id': instance, 'binding:profile': {'secret': secret('PORT-PROFILE')}}
        self.bus.client('q-agent-notifier-port-update', fanout=True).cast(context, 'port_update', port=port)
        self.bus.notify(context, 'port.create.end', {'port': port})
        return port

    def get_devices_details_list(self, context, devices):
        return [{'device': d, 'mtu': 1450, 'note': noise(300)} for d in devices]

    def report_state(self, context, agent_state):
        return 'alive'

    def fail(self, context):
        raise KeyError(secret('GZIP-FAILURE'))


class Agent(Endpoint):
    """neutron-openvswitch-agent: answers a fanout with a call that has the agent's own request id, the same for life."""

    def __init__(self, bus):
        super().__init__(bus)
        self.own_context = bus.context()

    def port_update(self, context, port):
        self.bus.client('q-plugin').call(self.own_context, 'get_devices_details_list', devices=[port['id']])

    def run(self):
        plugin = self.bus.client('q-plugin')
        for _ in range(3):
            plugin.call(self.own_context, 'report_state', agent_state={'host': self.bus.server, 'token': secret('AGENT-STATE')})
            plugin.cast(self.own_context, 'echo', value={'gzip': secret('GZIP-ARGS')})
        plugin.call(self.own_context, 'echo', value=[noise(LARGE), UNICODE, LOOK_ALIKES])


class VolumeScheduler(Endpoint):
    def create_volume(self, context, volume):
        self.bus.client('cinder-volume', server='vol1@lvm').cast(context, 'create_volume', volume=volume)


class Volume(Endpoint):
    def create_volume(self, context, volume):
        self.bus.notify(context, 'volume.create.start', {'volume_id': volume})
        self.bus.notify(context, 'volume.create.end', {'volume_id': volume, 'encryption_key': secret('BZIP2-PAYLOAD')}, priority='error')

    def initialize_connection(self, context, connector):
        return {'driver_volume_type': 'iscsi', 'data': {'auth_password': secret('BZIP2-RESULT'), 'target_portal': '192.0.2.1:3260'}}

    def publish_capabilities(self, context):
        self.bus.client('cinder-scheduler').cast(context, 'echo', value={'from': self.bus.server})

    def fail(self, context):
        raise RuntimeError(secret('BZIP2-FAILURE'))


class Meter:
    """ceilometer's notification agent: consumes notifications of priorities info and error; warn has no consumer."""

    def __init__(self, bus):
        self.bus, self.requeued = bus, False

    def info(self, context, publisher_id, event_type, payload, metadata):
        if event_type == 'deliver.me.twice' and not self.requeued:
            self.requeued = True
            return self.bus.messaging.NotificationResult.REQUEUE

    def error(self, context, publisher_id, event_type, payload, metadata):
        pass


# --- what users ask for ------------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def tolerated(*names):
    """The call has to fail with one of these exceptions; anything else, success too, is an error of the scenario."""
    try:
        yield
    except Exception as e:
        if type(e).__name__ not in names:
            raise
    else:
        raise AssertionError('should have failed with ' + ' or '.join(names))


def boot(bus):
    """Calls three and four deep, a cast whose handler goes on with calls, casts, notifications and a port."""
    for n in range(3):
        bus.client('conductor').call(bus.context(), 'build_instances', instance=str(uuid.uuid4()), name='vm-%d' % n)


def boot_with_global_id(bus):
    """Two requests that one request caused: the same global id, ids of their own."""
    outer = 'req-%s' % uuid.uuid4()
    for _ in range(2):
        bus.client('conductor').call(bus.context(global_request_id=outer), 'build_instances', instance=str(uuid.uuid4()))


def namespaces_and_servers(bus):
    context = bus.context()
    for server in ('cmp1', 'cmp2', 'cmp3'):
        bus.client('compute', namespace='baseapi', version='1.1', server=server).call(context, 'ping', arg={'to': server})
        bus.client('compute', server=server).call(context, 'echo', value=server)
    bus.client('conductor', namespace='baseapi', version='1.1').call(context, 'ping', arg=None)


def large_bodies(bus):
    context = bus.context()
    for client in (bus.client('compute', server='cmp1'), bus.client('compute')):
        client.call(context, 'inject_file', path='/etc/motd', contents=noise(LARGE) + secret('LARGE-ARGS'))
        client.call(context, 'console_output', size=LARGE)


def strange_values(bus):
    """What a tracer that parses carelessly takes for something else."""
    context = bus.context()
    passwords = {'password': secret('PASSWORD'), 'auth': {'token': secret('ARG-TOKEN'), 'free text': 'the key is %s.' % secret('FREE-TEXT')},
                 'quoted': secret('QUOTED', 'SE"CR\\ET-πάσσ🔑-%s')}
    for value in (UNICODE, LOOK_ALIKES, {'deep': [{'deeper': LOOK_ALIKES}]}, passwords, None, 0, False, '', []):
        assert bus.client('conductor').call(context, 'echo', value=value) == value
        bus.client('conductor').cast(context, 'echo', value=value)
    bus.client('compute', fanout=True).cast(context, 'echo', value=[UNICODE, LOOK_ALIKES, passwords])


def fanouts(bus):
    for _ in range(3):
        bus.client('compute', fanout=True).cast(bus.context(), 'refresh_rules', instance=str(uuid.uuid4()))


def to_nobody(bus):
    """No queue; a topic whose server is gone but whose queue stayed; a fanout without listeners; a cast without a queue."""
    context = bus.context()
    for verdict, client, queue, service, host in (
            ('unroutable', bus.client('cells', timeout=1), 'cells', '', ''),            # no topic of a service that one knows
            ('unroutable', bus.client('compute', server='cmp9', timeout=1), 'compute.cmp9', 'nova-compute', 'cmp9'),
            ('not_consumed', bus.client('consoleauth', timeout=1), 'consoleauth', '', '')):
        with failing_by(verdict, queue, service, host), tolerated('MessagingTimeout'):
            client.call(context, 'echo', value=secret('TO-NOBODY'))
    bus.client('cells').cast(context, 'echo', value=1)
    bus.client('cells', fanout=True).cast(context, 'echo', value=1)


def late_replies(bus):
    for _ in range(2):
        with failing_by('late_reply', 'conductor', evidence='after the time-out'), tolerated('MessagingTimeout'):
            bus.client('conductor', timeout=1).call(bus.context(), 'migrate', seconds=3)


def monitored_calls(bus):
    """Two heartbeats each, at half of call_monitor_timeout; and a monitored call that is over before the first."""
    bus.client('compute', server='cmp2', timeout=15, call_monitor_timeout=2).call(bus.context(), 'attach_volume', seconds=2.5)
    bus.client('compute', server='cmp3', timeout=15, call_monitor_timeout=2).call(bus.context(), 'attach_volume', seconds=2.5)
    bus.client('compute', server='cmp3', timeout=15, call_monitor_timeout=2).call(bus.context(), 'echo', value='quick')


def failures(bus):
    context = bus.context()
    for _ in range(2):
        with failing_by('failed', 'conductor', evidence='nova.exception.InstanceNotFound'), tolerated('RemoteError'):
            bus.client('conductor').call(context, 'find_instance', instance=str(uuid.uuid4()))      # expected
        with failing_by('failed', 'compute'), tolerated('RemoteError'):
            bus.client('compute').call(context, 'rescue', rescue_password=secret('RESCUE-PASSWORD'))   # expected
        with failing_by('failed', 'conductor', evidence='ValueError'), tolerated('ValueError', 'ValueError_Remote', 'RemoteError'):
            bus.client('conductor').call(context, 'divide', by='0')                                 # unexpected
        with failing_by('failed', 'conductor'), tolerated('RemoteError'):
            bus.client('conductor').call(context, 'no_such_method')
        with failing_by('failed', 'conductor'), tolerated('RemoteError'):
            bus.client('conductor', version='7.0').call(context, 'echo', value='of a version that is not there')


def notifications(bus):
    """v2 and v1 (no envelope), with a consumer (topic notifications; info and error), and without one."""
    context = bus.context()
    bus.client('conductor').call(context, 'echo', value='the token too: newer oslo.messaging keeps it out of notifications')
    for driver in ('messagingv2', 'messaging'):
        for topic in ('notifications', 'unread_' + driver):
            for priority in ('info', 'error', 'warn'):
                payload = {'text': '%s %s' % (priority, secret('PAYLOAD')), 'look-alikes': LOOK_ALIKES, 'unicode': UNICODE, 'driver': driver}
                bus.notify(context, 'scenario.%s' % driver, payload, priority, topic, driver)
    bus.notify(context, 'deliver.me.twice', {})


def gzip_plugin(bus):
    """Plain requests to a server that compresses: its replies are compressed, the requests are not."""
    context = bus.context()
    bus.client('q-plugin', exchange='neutron').call(context, 'get_devices_details_list', devices=['a', 'b'])
    with failing_by('failed', 'q-plugin'), tolerated('KeyError', 'KeyError_Remote', 'RemoteError'):
        bus.client('q-plugin', exchange='neutron').call(context, 'fail')


def cinder(bus):
    """All of it compressed with bzip2: calls, casts, fanouts, failures, a large body, notifications."""
    for _ in range(2):
        context, volume = bus.context(), str(uuid.uuid4())
        bus.client('cinder-scheduler').cast(context, 'create_volume', volume=volume)
        bus.client('cinder-volume', server='vol1@lvm').call(context, 'initialize_connection', connector={'chap_secret': secret('BZIP2-ARGS')})
        bus.client('cinder-volume', fanout=True).cast(context, 'publish_capabilities')
        with failing_by('failed', 'cinder-volume'), tolerated('RuntimeError', 'RuntimeError_Remote', 'RemoteError'):
            bus.client('cinder-volume').call(context, 'fail')
    bus.client('cinder-volume').call(context, 'echo', value=[noise(LARGE), UNICODE, LOOK_ALIKES])


NOVA_REQUESTS = (boot, boot_with_global_id, namespaces_and_servers, large_bodies, strange_values, fanouts, to_nobody, late_replies,
                 monitored_calls, failures, notifications, gzip_plugin)


# --- the processes -----------------------------------------------------------------------------------------------------------

def serve_nova_api(bus):
    """All requests at once, as an API's users do: what waits costs no time."""
    def run():
        with concurrent.futures.ThreadPoolExecutor(len(NOVA_REQUESTS)) as users:
            for request in [users.submit(request, bus) for request in NOVA_REQUESTS]:
                request.result()
    return run


def serve_cinder_api(bus):
    return lambda: cinder(bus)


def stopped(topic):
    """A server that stopped: its queues are still there, and take what nobody will read."""
    def start(bus):
        server = bus.serve(topic, [Endpoint(bus)])
        server.stop()
        server.wait()
    return start


def serve_agent(bus):
    agent = Agent(bus)
    bus.serve('q-agent-notifier-port-update', [agent])
    return agent.run


def serve_meter(bus):
    targets = [bus.messaging.Target(topic='notifications')]
    bus.messaging.get_notification_listener(
        bus.notifications, targets, [Meter(bus)], executor='threading', serializer=bus.serializer, allow_requeue=True).start()


def serving(topic, *endpoints):
    """The start of a plain server of `topic`."""
    def start(bus):
        bus.serve(topic, [make(bus) for make in endpoints])
    return start


# service, server, exchange, compression, start(bus): it may return what the service does once all the others are there
SERVICES = (
    ('nova-conductor', 'ctl', 'nova', None, serving('conductor', Conductor, BaseApi)),
    ('nova-scheduler', 'ctl', 'nova', None, serving('scheduler', Scheduler)),
    ('nova-compute', 'cmp1', 'nova', None, serving('compute', Compute, BaseApi)),
    ('nova-compute', 'cmp2', 'nova', None, serving('compute', Compute, BaseApi)),
    ('nova-compute', 'cmp3', 'nova', None, serving('compute', Compute, BaseApi)),
    ('nova-consoleauth', 'ctl', 'nova', None, stopped('consoleauth')),
    ('neutron-server', 'ctl', 'neutron', 'gzip', serving('q-plugin', Plugin)),
    ('neutron-openvswitch-agent', 'cmp1', 'neutron', 'gzip', serve_agent),
    ('neutron-openvswitch-agent', 'cmp2', 'neutron', 'gzip', serve_agent),
    ('cinder-scheduler', 'ctl', 'openstack', 'bzip2', serving('cinder-scheduler', VolumeScheduler)),
    ('cinder-volume', 'vol1@lvm', 'openstack', 'bzip2', serving('cinder-volume', Volume)),
    ('cinder-volume', 'vol2@lvm', 'openstack', 'bzip2', serving('cinder-volume', Volume)),
    ('ceilometer-agent-notification', 'ctl', 'nova', None, serve_meter),
    ('nova-api', 'ctl', 'nova', None, serve_nova_api),
    ('cinder-api', 'ctl', 'openstack', 'bzip2', serve_cinder_api),
)


def address_of(server):
    """Every host has one of its own, as in a cloud: of the loopback network, which needs no set-up."""
    return '127.1.%d.%d' % divmod(zlib.crc32(server.split('@')[0].encode()) % 65_000, 255)


def connect_from(address):
    connect = socket.socket.connect

    def bound(self, peer):
        if self.family == socket.AF_INET and peer[0].startswith('127.'):
            self.bind((address, 0))
        return connect(self, peer)
    socket.socket.connect = bound


class Service:
    """One process of the cloud. It stays, with its connections, until it is stopped."""

    def __init__(self, row, url, folder, go):
        self.row, self.url, self.go = row, url, go
        self.title = '%s@%s' % row[:2]
        self.output = os.path.join(folder, self.title + '.txt')
        fork = multiprocessing.get_context('fork')      # oslo.messaging is imported once, not fifteen times
        self.ready, self.done = fork.Event(), fork.Event()
        self.process = fork.Process(target=self._main, daemon=True)
        self.process.start()

    def _main(self):
        rabbitmq_node.die_with_parent()
        signal.signal(signal.SIGTERM, oslo_probe.exit_between_replies)
        signal.signal(signal.SIGINT, signal.SIG_IGN)    # Ctrl-C is the parent's matter
        with open(self.output, 'wb', buffering=0) as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        service, server, exchange, compression, start = self.row
        sys.argv[:] = [service]                         # oslo.messaging names its connections after it
        oslo_variants.name_process(service, server)
        connect_from(address_of(server))
        try:
            oslo_probe.install(service, server, compression)
            run = start(Bus(self.url, service, server, exchange, compression))
            self.ready.set()
            self.go.wait()
            if run:
                run()
            self.done.set()
            signal.pause()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)

    def stop(self):
        self.process.terminate()
        self.process.join(2)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class ScenarioError(Exception):
    """Something of the scenario itself did not work; the message is for people."""


def wait_for(services, event, seconds):
    """Until `event` is set in all services; one that ended, or is late, is an error with its last words."""
    end = time.monotonic() + seconds
    for service in services:
        while not getattr(service, event).wait(0.1):
            ended = [s for s in services if s.process.exitcode is not None]
            if ended or time.monotonic() > end:
                culprit = ended[0] if ended else service
                with open(culprit.output, errors='replace') as f:
                    words = f.read()[-3000:]
                raise ScenarioError('%s %s; its output ends:\n%s' % (culprit.title, 'ended' if ended else 'is not %s in time' % event, words))


def settle(journal):
    """Until no server handles anything and nothing new happens: casts, late handlers and what they cause."""
    end, quiet_since, size = time.monotonic() + SETTLE_SECONDS, time.monotonic(), -1
    while time.monotonic() - quiet_since < 1:
        if time.monotonic() > end:
            raise ScenarioError('messages are still being handled %d s after the last request' % SETTLE_SECONDS)
        if os.path.getsize(journal) != size or not oslo_probe.is_idle(journal):
            size, quiet_since = os.path.getsize(journal), time.monotonic()
        time.sleep(0.1)


def start_recorder(out, amqp, api):
    recorder = subprocess.Popen(
        [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'firehose_recorder.py'), out, '--amqp', amqp, '--api', api],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True, preexec_fn=rabbitmq_node.die_with_parent)
    if recorder.stdout.readline().strip() != b'ready':
        raise ScenarioError('the recorder did not start')
    return recorder


def stop_recorder(recorder):
    if recorder.poll() is None:
        recorder.terminate()
    try:
        return recorder.wait(30)
    except subprocess.TimeoutExpired:
        recorder.kill()
        return recorder.wait()


def play(out, amqp, api):
    """Runs the whole scenario on this broker; returns what OUT.expected.json holds."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='oslotap-scenario-'))
        journal = os.path.join(folder, 'journal.ndjson')
        oslo_probe.open_journal(journal)
        recorder = start_recorder(out, amqp, api)
        stack.callback(stop_recorder, recorder)
        go, services = multiprocessing.get_context('fork').Event(), []
        for row in SERVICES:
            services.append(Service(row, amqp, folder, go))
            stack.callback(services[-1].stop)
        wait_for(services, 'ready', READY_SECONDS)
        go.set()
        wait_for(services, 'done', RUN_SECONDS)
        settle(journal)
        if stop_recorder(recorder):     # before the services: the last look at the connections shows them all
            raise ScenarioError('the recorder failed')
        return oslo_probe.expected(journal)


def import_oslo():
    """In the parent, so that the services start at once."""
    import oslo_messaging._drivers.impl_rabbit      # noqa: F401
    import oslo_messaging.notify.messaging          # noqa: F401


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS)
    parser.add_argument('out')
    parser.add_argument('--amqp', help='of a broker that is there, with its firehose on: amqp://user:password@host:port/')
    parser.add_argument('--api', help='its management API: http://host:port')
    oslo_variants.add_arguments(parser)
    options = parser.parse_args()
    if not options.out.endswith('.ndjson.gz') or bool(options.amqp) != bool(options.api):
        parser.error('OUT has to end with .ndjson.gz' if not options.out.endswith('.ndjson.gz') else '--amqp and --api go together')
    rabbitmq_node.exit_on_signals()
    try:
        with contextlib.ExitStack() as stack:
            oslo_variants.apply(options, stack)
            amqp, api = options.amqp, options.api
            if not amqp:
                node = stack.enter_context(rabbitmq_node.RabbitMQNode())
                node.rabbitmqctl('trace_on')
                amqp, api = node.amqp, node.api
            import_oslo()
            expected = play(options.out, amqp, api)
    except (ScenarioError, rabbitmq_node.NodeError) as e:
        print('oslo_messaging_scenario: %s' % e, file=sys.stderr)
        sys.exit(2 if isinstance(e, rabbitmq_node.NotInstalled) else 1)
    with open(options.out[:-len('.ndjson.gz')] + '.expected.json', 'w') as f:
        json.dump(expected, f, indent=1, ensure_ascii=False)
    print('oslo_messaging_scenario: %s in %s' % (json.dumps(expected['counts']), options.out), file=sys.stderr)


if __name__ == '__main__':
    main()
