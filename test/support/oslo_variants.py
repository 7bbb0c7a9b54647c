"""Which oslo.messaging, and on which kind of queues: options that the scenarios share.

  --recent               under the pinned release of oslo-requirements.txt instead of the installed one
  --queues classic       oslo.messaging's defaults (this is the default here too)
  --queues quorum        quorum queues, also for replies and fanouts, whose names the queue manager makes
  --queues stream        the same, but one stream for each fanout topic

Services take these from their environment, as oslo.config reads it. Releases before 2023 know quorum queues only for topics.
"""
import glob
import os
import sys
import tempfile

import pinned_venv
import system_python

_QUORUM = {'rabbit_quorum_queue': 'true', 'rabbit_transient_quorum_queue': 'true', 'use_queue_manager': 'true'}
_STREAM = {**_QUORUM, 'rabbit_stream_fanout': 'true', 'rabbit_qos_prefetch_count': '10'}      # streams need a prefetch
QUEUES = {'classic': {}, 'quorum': _QUORUM, 'stream': _STREAM}
_tag = os.urandom(3).hex()


def add_arguments(parser):
    parser.add_argument('--recent', action='store_true', help='a recent oslo.messaging, from PyPI')
    parser.add_argument('--queues', choices=QUEUES, default='classic', help='kind of queues')


def apply(options, stack):
    """Goes on under a Python that has the chosen oslo.messaging, or ends with exit code 2; then sets the queues' options.

    Call it before anything of oslo.messaging is imported, and before anything that has to be cleaned up.
    """
    if options.recent:
        try:
            pinned_venv.run_inside('oslo')
        except pinned_venv.VenvError as e:
            print('%s: %s' % (os.path.splitext(os.path.basename(sys.argv[0]))[0], e), file=sys.stderr)
            sys.exit(2)
    system_python.require(['oslo_messaging', 'amqp'], 'rabbitmq-server python3-oslo.messaging')
    for name, value in QUEUES[options.queues].items():
        _set(name, value)
    if options.queues != 'classic':
        # The queue manager keeps its counters in files: locked in one folder, and left behind in another.
        os.environ['OSLO_LOCK_PATH'] = stack.enter_context(tempfile.TemporaryDirectory(prefix='oslotap-locks-'))
        stack.callback(_forget_counters)


def name_process(service, server):
    """For the queue manager's names, `reply_<host>:<process>:<n>`. The host has a tag: the counters are the whole machine's."""
    _set('processname', service)
    _set('hostname', '%s-%s' % (server.replace('@', '-'), _tag))


def _set(name, value):
    os.environ['OS_OSLO_MESSAGING_RABBIT__' + name.upper()] = value


def _forget_counters():
    for path in glob.glob('/dev/shm/*-%s_*_qmanager' % _tag):
        os.unlink(path)
