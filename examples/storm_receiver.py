#!/usr/bin/env python3
"""What a receiver of oslotap's webhook may look like: a line for each beginning and each end of a storm. Only Python's own library.

  python3 storm_receiver.py 9000 &
  OSLOTAP_STORMS_WEBHOOK=http://127.0.0.1:9000/ oslotap run …

With STORM_TOKEN in its environment it wants that token (storms.webhook.tokenFile). Port 0 is any free port; the first line says which.
"""
import hmac
import http.server
import json
import os
import sys

BODY_BYTES_MAX = 1 << 20


def line_of(notice):
    storm = notice['storm']
    what = f"{storm['method']} to {storm['topic']}"
    if notice['event'] == 'end':
        return f"end    {storm['until']}  {what}: {storm['messages']} messages since {storm['since']}"
    senders = ', '.join(f"{sender['service']}@{sender['host']}" for sender in storm['senders'][:3])
    rates = f"{storm['peak_per_second']}/s, usually {storm['usual_per_second']}/s"
    return f"begin  {storm['since']}  {what}: {rates}, {storm['senders_count']} senders ({senders}); {storm['trigger']['detail']}"


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get('Content-Length', 0))
        token = os.environ.get('STORM_TOKEN')
        given = self.headers.get('Authorization', '')
        if token is not None and not hmac.compare_digest(given.encode(), f'Bearer {token}'.encode()):
            return self.answer(401)
        if length > BODY_BYTES_MAX:
            return self.answer(413)
        # The same notice may come twice, when an answer was lost: by id and event it is the same.
        print(line_of(json.loads(self.rfile.read(length))), flush=True)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *args):
        pass


if __name__ == '__main__':
    server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Receiver)
    print(f'listening on {server.server_port}', flush=True)
    server.serve_forever()
