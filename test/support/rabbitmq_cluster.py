#!/usr/bin/env python3
"""A RabbitMQ cluster of one's own, of two nodes, for a test: see rabbitmq_node.py.

usage: rabbitmq_cluster.py [--tls]

Prints one JSON line, {"nodes":[…,…]}, each as rabbitmq_node.py describes it, and runs until stdin is closed. Takes commands
from stdin, a line each, the node's number first: `1 restart`, `0 kill`, `1 start`, `0 ctl ["status"]`; answers each with a JSON
line. Then nothing of it is left. --tls: the first node has TLS listeners too. Exit code 2: rabbitmq-server is not installed.
"""
import json
import os
import shutil
import sys

from rabbitmq_node import NodeError, NotInstalled, RabbitMQNode, exit_on_signals, obey

COOKIE = '.erlang.cookie'


class SecondNode(RabbitMQNode):
    """Joins the first node's cluster at its first boot."""

    def __init__(self, first):
        super().__init__(extra_config='cluster_formation.classic_config.nodes.1 = ' + first.name)
        self.first = first

    def _environment(self, epmd_port, dist_port):
        """The first node's epmd, where they find each other, and its cookie. (An epmd of our own runs too, unused.)"""
        shutil.copy(os.path.join(self.first.folder, COOKIE), os.path.join(self.folder, COOKIE))
        return super()._environment(int(self.first.env['ERL_EPMD_PORT']), dist_port)


def main():
    exit_on_signals()
    try:
        with RabbitMQNode(tls='--tls' in sys.argv[1:]) as first, SecondNode(first) as second:
            nodes = (first, second)
            print(json.dumps({'nodes': [node.describe() for node in nodes]}), flush=True)
            for line in sys.stdin:
                number, _, command = line.strip().partition(' ')
                try:
                    answer = {'ok': True, **obey(nodes[int(number)], command)}
                except NodeError as e:
                    answer = {'ok': False, 'error': str(e)}
                print(json.dumps(answer), flush=True)
    except NodeError as e:
        print('rabbitmq_cluster: %s' % e, file=sys.stderr)
        sys.exit(2 if isinstance(e, NotInstalled) else 1)


if __name__ == '__main__':
    main()
