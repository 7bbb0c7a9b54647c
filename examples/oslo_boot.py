#!/usr/bin/python3
"""A cloud in one file, to see oslotap at work: real oslo.messaging servers and clients that talk as Nova's do when a VM boots.

usage: oslo_boot.py [amqp://guest:guest@localhost:5672/] [--boots N]

Each boot is a user's request, whose id is printed: `oslotap show ID` tells what it caused. Needs oslo.messaging: Debian's
python3-oslo.messaging, or `pip install oslo.messaging`. The queues that it makes are oslo.messaging's own; those of the services
(conductor, scheduler, compute.cmp1) stay until they are deleted, so use a broker that is not a cloud's.
"""
import argparse
import multiprocessing
import sys
import time
import uuid

try:
    import oslo_messaging
    from oslo_config import cfg
except ImportError:
    sys.exit('oslo_boot.py: oslo.messaging is not installed: apt-get install python3-oslo.messaging')


class Bus:
    def __init__(self, url, service):
        sys.argv[0] = service               # oslo.messaging names the connection after it
        conf = cfg.CONF
        conf([], project='nova', default_config_files=[])
        oslo_messaging.set_transport_defaults('nova')
        self.transport = oslo_messaging.get_rpc_transport(conf, url)

    def client(self, topic, server=None):
        target = oslo_messaging.Target(topic=topic, server=server)
        make = getattr(oslo_messaging, 'get_rpc_client', oslo_messaging.RPCClient)
        return make(self.transport, target, timeout=30)

    def serve(self, topic, host, endpoint):
        target = oslo_messaging.Target(topic=topic, server=host)
        server = oslo_messaging.get_rpc_server(self.transport, target, [endpoint], executor='threading',
                                               access_policy=oslo_messaging.DefaultRPCAccessPolicy)
        server.start()
        server.wait()


class Conductor:
    def __init__(self, bus):
        self.bus = bus

    def schedule_and_build_instances(self, context, instance):
        hosts = self.bus.client('scheduler').call(context, 'select_destinations', instance=instance)
        self.bus.client('compute', server=hosts[0]).cast(context, 'build_and_run_instance', instance=instance)

    def instance_update(self, context, instance, state):
        return {'uuid': instance, 'vm_state': state}


class Scheduler:
    def __init__(self, bus):
        pass

    def select_destinations(self, context, instance):
        time.sleep(0.02)                    # it asks Placement
        return ['cmp1']


class Compute:
    def __init__(self, bus):
        self.bus = bus

    def build_and_run_instance(self, context, instance):
        for state in ('networking', 'spawning', 'active'):
            time.sleep(0.05)
            self.bus.client('conductor').call(context, 'instance_update', instance=instance, state=state)


SERVICES = (('nova-conductor', 'conductor', 'ctl', Conductor), ('nova-scheduler', 'scheduler', 'ctl', Scheduler),
            ('nova-compute', 'compute', 'cmp1', Compute))


def run_service(url, service, topic, host, endpoint, ready):
    bus = Bus(url, service)
    ready.set()
    bus.serve(topic, host, endpoint(bus))


def boot(bus):
    request_id = 'req-%s' % uuid.uuid4()
    context = {'request_id': request_id, 'user_id': uuid.uuid4().hex, 'project_id': uuid.uuid4().hex, 'is_admin': False}
    bus.client('conductor').cast(context, 'schedule_and_build_instances', instance=str(uuid.uuid4()))
    return request_id


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('url', nargs='?', default='amqp://guest:guest@localhost:5672/')
    parser.add_argument('--boots', type=int, default=3)
    options = parser.parse_args()
    url = options.url.replace('amqp://', 'rabbit://')
    services = []
    for row in SERVICES:
        ready = multiprocessing.Event()
        services.append(multiprocessing.Process(target=run_service, args=(url, *row, ready), daemon=True))
        services[-1].start()
        ready.wait(10)
    time.sleep(2)                           # their queues are declared
    bus = Bus(url, 'nova-api')
    for _ in range(options.boots):
        print(boot(bus), flush=True)
        time.sleep(1)
    for service in services:
        service.terminate()


if __name__ == '__main__':
    main()
