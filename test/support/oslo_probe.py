"""What an oslo.messaging process sends, handles and answers, as its own code knows it: the truth that a capture is checked against.

install() wraps oslo.messaging in this process; no message is changed. Every process of a scenario appends to one journal, a JSON
line each:

  sent      a request or a notification was sent (written when it is over): unique_id, kind, where to, the context's ids, the
            message being handled at that moment (parent_unique_id), how it ended: sent, ok, failed or timeout, and what it
            was a case of, where the code said so (case); of a call also what the code made it fail by (verdict)
  handling  a server begins with the message unique_id; handled: it is done with it
  replied   a server publishes a reply to the call unique_id; ending is false for a call monitor's heartbeat
  secret    this text is secret: it was put into a context, an argument, a result or a payload

expected() turns a journal into what a capture of the same time has to contain.
"""
import collections
import contextlib
import contextvars
import functools
import json
import os
import secrets
import threading
import time

HANDLING = contextvars.ContextVar('the _unique_id of the message that this thread handles', default=None)
CASE = contextvars.ContextVar('what the requests of this thread are a case of', default=None)
VERDICT = contextvars.ContextVar('what the calls of this thread fail by', default=None)
_journal = None
_process = {}
_replying = threading.RLock()


def open_journal(path):
    """Opened once, before processes are forked: appending one write a line keeps their lines whole."""
    global _journal
    _journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def note(event, **fields):
    os.write(_journal, (json.dumps({'event': event, **_process, **fields}, default=str) + '\n').encode())


def secret(label, text='SECRET-%s'):
    """A new text that must not come out anywhere. Its core is plain ASCII, so that it is found in any encoding."""
    core = '%s-%s' % (label, secrets.token_hex(8))
    whole = text % core
    note('secret', texts=sorted({whole, core}))
    return whole


@contextlib.contextmanager
def failing_by(verdict, queue, service=None, host=None, evidence=None):
    """The calls made inside fail: by this verdict of oslotap's, at this queue and service; None: where they are handled.

    The code says so by what it does to them. `evidence`: a word that has to be in oslotap's.
    """
    token = VERDICT.set({'verdict': verdict, 'queue': queue, 'service': service, 'host': host, 'evidence': evidence})
    try:
        yield
    finally:
        VERDICT.reset(token)


def install(service, server, compression):
    from oslo_messaging._drivers import amqpdriver
    from oslo_messaging.notify import listener
    from oslo_messaging.rpc import server as rpc_server
    _process.update(service=service, server=server, pid=os.getpid(), compression=compression)
    _wrap(amqpdriver.AMQPDriverBase, '_send', _note_sent)
    _wrap(amqpdriver.AMQPIncomingMessage, '_send_reply', _note_reply)
    _wrap(rpc_server.RPCServer, '_process_incoming', _note_handling)
    _wrap(listener.NotificationServer, '_process_incoming', _note_handling)


def _wrap(cls, name, wrapper):
    original = getattr(cls, name)
    setattr(cls, name, functools.wraps(original)(functools.partialmethod(wrapper, original)))


def _note_sent(driver, original, target, ctxt, message, wait_for_reply=None, *args, **kwargs):
    exchange = driver._get_exchange(target)
    routing_key = '%s.%s' % (target.topic, target.server) if target.server else target.topic
    kind = 'call' if wait_for_reply else 'notification' if kwargs.get('notify') else 'fanout' if target.fanout else 'cast'
    if kind == 'fanout':
        exchange, routing_key = target.topic + '_fanout', ''
    outcome = 'ok' if kind == 'call' else 'sent'
    began, timeout = time.monotonic(), args[0] if args else kwargs.get('timeout')
    try:
        answer = original(driver, target, ctxt, message, wait_for_reply, *args, **kwargs)
        # A caller that was stopped may find its answer when it goes on, after its time was over.
        if kind == 'call' and timeout and time.monotonic() - began > timeout:
            outcome = 'timeout'
        return answer
    except Exception as e:
        outcome = 'timeout' if type(e).__name__ == 'MessagingTimeout' else 'failed'
        raise
    finally:
        # The driver put the ids into the message itself.
        note('sent', unique_id=message.get('_unique_id'), kind=kind, method=message.get('method', message.get('event_type')),
             namespace=message.get('namespace'), version=message.get('version'), exchange=exchange, routing_key=routing_key,
             envelope=kwargs.get('envelope', True), outcome=outcome, parent_unique_id=HANDLING.get(), case=CASE.get(),
             verdict=VERDICT.get() if kind == 'call' else None,
             request_id=ctxt.get('request_id'), global_request_id=ctxt.get('global_request_id'))


def _note_reply(incoming, original, connection, reply=None, failure=None, ending=True):
    with _replying:
        note('replied', unique_id=incoming.unique_id, ending=ending, failed=bool(failure))
        return original(incoming, connection, reply, failure, ending)


def exit_between_replies(*_):
    """For SIGTERM: what the journal says was replied, was. A server that hangs goes on with its heartbeats until then."""
    with _replying:
        os._exit(0)


def _note_handling(server, original, incoming):
    unique_id = incoming[0].unique_id
    token = HANDLING.set(unique_id)
    note('handling', unique_id=unique_id)
    try:
        return original(server, incoming)
    finally:
        note('handled', unique_id=unique_id)
        HANDLING.reset(token)


def note_handled():
    """For a handler that will not come back."""
    note('handled', unique_id=HANDLING.get())


def read_journal(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def is_idle(path):
    """No server is in the middle of a message; one that is stopped or killed noted its message as handled before."""
    count = lambda event: collections.Counter(line['unique_id'] for line in journal if line['event'] == event)
    journal = read_journal(path)
    return not count('handling') - count('handled')


def _where(verdict, handled_by):
    if verdict is not None and verdict['verdict'] == 'not_consumed' and handled_by:
        # A broker on a busy machine may give out what should have expired in its queue: then it was handled, too late.
        verdict = {**verdict, 'verdict': 'late_reply'}
    if verdict is None or verdict['service'] is not None:
        return verdict
    [(service, host)] = [handler.split('@', 1) for handler in handled_by]
    return {**verdict, 'service': service, 'host': host.split('@')[0]}      # vol1@lvm is a backend of vol1


def expected(path):
    """{"messages": […], "counts": {…}, "secrets": […]} of a journal."""
    journal = read_journal(path)
    of = lambda event, uid: [line for line in journal if line['event'] == event and line.get('unique_id') == uid]
    messages = []
    for line in journal:
        if line['event'] != 'sent':
            continue
        message = {k: v for k, v in line.items() if k not in ('event', 'service', 'server')}
        handled_by = ['%s@%s' % (h['service'], h['server']) for h in of('handling', line['unique_id'])]
        replies = of('replied', line['unique_id'])
        message.update({
            'from': '%s@%s' % (line['service'], line['server']),
            'handled': bool(handled_by), 'handled_by': sorted(handled_by),
            'replies': len(replies), 'heartbeats': sum(not r['ending'] for r in replies),
            'failed': any(r['failed'] for r in replies),
            'verdict': _where(line['verdict'], handled_by),
        })
        messages.append(message)
    count = lambda kind: sum(m['kind'] == kind for m in messages)
    total = lambda key: sum(m[key] for m in messages)
    return {
        'messages': messages,
        'counts': {'calls': count('call'), 'casts': count('cast'), 'fanouts': count('fanout'),
                   'notifications': count('notification'), 'replies': total('replies'), 'heartbeats': total('heartbeats'),
                   'failures': total('failed'), 'timeouts': sum(m['outcome'] == 'timeout' for m in messages)},
        'secrets': sorted({text for line in journal if line['event'] == 'secret' for text in line['texts']}),
    }
