#!/usr/bin/env python3
"""What oslo.metrics serves of a few RPCs that a real oslo.messaging makes, over its fake driver.

usage: oslo_metrics_page.py

The client's side is what oslo.messaging sends by itself ([oslo_messaging_metrics] metrics_enabled); of the server's side it sends
nothing, so its collector's own functions are called as they are meant to be. Prints Prometheus' text. Exit code 2: not possible here.
"""
import sys
import time

import pinned_venv


class Endpoint:
    def greet(self, ctxt):
        return 'hello'

    def fail(self, ctxt):
        raise ValueError('no')


def main():
    try:
        pinned_venv.run_inside('oslo')
    except pinned_venv.VenvError as e:
        print('oslo_metrics_page: %s' % e, file=sys.stderr)
        sys.exit(2)
    import oslo_messaging
    from oslo_config import cfg
    from oslo_messaging._metrics import client as metrics
    from oslo_metrics import message_router
    import prometheus_client

    conf = cfg.CONF     # where oslo.messaging registers what is its own
    transport = oslo_messaging.get_rpc_transport(conf, 'fake://')
    for name, value in (('metrics_enabled', True), ('metrics_process_name', 'nova-compute@cmp1'), ('metrics_thread_stop_timeout', 1)):
        conf.set_override(name, value, group='oslo_messaging_metrics')
    # What would go over a socket to oslo.metrics goes to its router at once.
    router = message_router.MessageRouter()
    metrics.MetricsCollectorClient.send_metric = lambda self, metric: router.process(metric.to_json().encode())

    Endpoint.target = oslo_messaging.Target(version='3.0')
    server = oslo_messaging.get_rpc_server(
        transport, oslo_messaging.Target(exchange='nova', topic='conductor', server='ctl1', version='3.0'), [Endpoint()],
        executor='threading')
    server.start()
    make_calls(oslo_messaging, transport)
    server.stop()
    server.wait()
    serve(oslo_messaging, metrics.get_collector(conf))
    collector = metrics.get_collector(conf)
    while not collector.tx_queue.empty() or collector.next_send_metric is not None:
        time.sleep(0.05)
    sys.stdout.write(prometheus_client.generate_latest().decode())


def make_calls(oslo_messaging, transport):
    target = oslo_messaging.Target(exchange='nova', topic='conductor', version='3.0')
    client = oslo_messaging.get_rpc_client(transport, target)
    client.call({}, 'greet')
    client.prepare(server='ctl1').call({}, 'greet')
    client.cast({}, 'greet')
    everybody = oslo_messaging.Target(topic='scheduler', version='4.0', namespace='baseapi', fanout=True)
    oslo_messaging.get_rpc_client(transport, everybody).cast({}, 'update')
    for call in (lambda: client.call({}, 'fail'), lambda: client.prepare(server='nobody', timeout=0.2).call({}, 'greet')):
        try:
            call()
        except Exception:
            pass


def serve(oslo_messaging, collector):
    target = oslo_messaging.Target(exchange='nova', topic='conductor')
    about = (target, None, None, '3.0')
    collector.rpc_server_invocation_start_total(*about, 'greet')
    collector.rpc_server_processing_seconds(*about, 'greet', 0.009)
    collector.rpc_server_invocation_end_total(*about, 'greet')
    collector.rpc_server_invocation_start_total(*about, 'fail')
    collector.rpc_server_exception_total(*about, 'fail', 'ValueError')


if __name__ == '__main__':
    main()
