#!/usr/bin/env python3
"""Reads a query endpoint as users of Python do, with a recent clickhouse-connect from PyPI in a virtual environment of its own.

usage: clickhouse_connect.py PORT [USER PASSWORD]

Prints one JSON object. Exit code 2: there is no clickhouse-connect to be had here, and one line that says why.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


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
    import pinned_venv
    try:
        pinned_venv.run_inside('clickhouse-connect')
    except pinned_venv.VenvError as e:
        print('clickhouse_connect: %s' % e, file=sys.stderr)
        sys.exit(2)
    # Or this file would be found in the place of the library.
    sys.path = [path for path in sys.path if os.path.abspath(path or '.') != HERE]
    print(json.dumps(read(int(sys.argv[1]), *sys.argv[2:])))


if __name__ == '__main__':
    main()
