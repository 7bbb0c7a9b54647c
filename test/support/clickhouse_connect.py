#!/usr/bin/env python3
"""Reads a query endpoint as users of Python do, with a recent clickhouse-connect from PyPI in a virtual environment of its own.

usage: clickhouse_connect.py PORT [USER PASSWORD]

Prints one JSON object. Exit code 2: there is no clickhouse-connect to be had here, and one line that says why.
"""
import fcntl
import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Or this file would be found in the place of the library.
sys.path = [path for path in sys.path if os.path.abspath(path or '.') != HERE]
INSIDE = 'OSLOTAP_CLICKHOUSE_CONNECT'      # set in the environment of what runs in the virtual environment
PINNED = ('clickhouse-connect==1.12.0', 'certifi==2026.10.18', 'lz4==4.4.5', 'urllib3==2.8.0',
          'backports.zstd==1.8.0; python_version < "3.14"')


def ensure():
    """The python of the virtual environment; makes it where it is missing. Others that ask meanwhile wait."""
    sys.path.append(HERE)
    import oslo_venv as venv
    os.makedirs(venv.CACHE, exist_ok=True)
    folder = os.path.join(os.path.realpath(venv.CACHE), 'clickhouse-connect')
    mark = os.path.join(folder, 'complete')
    try:
        with open(os.path.join(venv.CACHE, 'clickhouse-connect.lock'), 'w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if venv.read(mark) != repr(PINNED):
                shutil.rmtree(folder, ignore_errors=True)
                made = venv.run([venv.find_python(), '-m', 'venv', folder])
                if made.returncode == 0:
                    made = venv.run([os.path.join(folder, 'bin', 'python'), '-m', 'pip', 'install', *venv.PIP_OPTIONS, *PINNED])
                if made.returncode:
                    raise venv.VenvError('no clickhouse-connect (is PyPI in reach?): %s' % venv.last_line(made.stdout))
                with open(mark, 'w') as f:
                    f.write(repr(PINNED))
    except venv.VenvError as e:
        print('clickhouse_connect: %s' % e, file=sys.stderr)
        sys.exit(2)
    return os.path.join(folder, 'bin', 'python')


def read(port, user='default', password=''):
    import clickhouse_connect
    client = clickhouse_connect.get_client(host='127.0.0.1', port=port, username=user, password=password)
    kinds = client.query('SELECT kind, count() AS n FROM oslo_messages GROUP BY kind ORDER BY kind')
    wide = client.query('SELECT * FROM oslo_messages LIMIT 5')
    bound = client.query('SELECT {a:String} AS a, {b:Array(UInt32)} AS b', parameters={'a': "it's\ta\\b", 'b': [1, 2]})
    with client.query_rows_stream('SELECT number, toString(number) FROM numbers(300000)') as rows:
        streamed = sum(1 for _ in rows)
    try:
        refused = client.command("INSERT INTO oslo_gaps SELECT * FROM oslo_gaps")
    except Exception as e:
        refused = str(e)
    return {'ping': client.ping(), 'kinds': kinds.result_rows, 'wide': [len(wide.result_rows), len(wide.column_names)],
            'bound': [list(row) for row in bound.result_rows], 'streamed': streamed, 'refused': refused}


def main():
    if not os.environ.get(INSIDE):
        os.environ[INSIDE] = '1'
        python = ensure()
        os.execv(python, [python, *sys.argv])
    print(json.dumps(read(int(sys.argv[1]), *sys.argv[2:])))


if __name__ == '__main__':
    main()
