#!/usr/bin/env python3
"""A virtual environment with OTLP's own messages (opentelemetry-proto) and gRPC from PyPI, for otlp_receiver.py.

usage: otlp_venv.py

Prints the path of its python. Made once, in node_modules/.cache of this checkout (about 15 s); anew when
otlp-requirements.txt, which pins all of it, or the Python changes. Exit code 2: it cannot be made here, and one line that says why.
"""
import fcntl
import hashlib
import os
import shutil
import sys

import oslo_venv
from oslo_venv import VenvError

REQUIREMENTS = os.path.join(oslo_venv.HERE, 'otlp-requirements.txt')


def ensure():
    """The python of the virtual environment; makes it where it is missing. Others that ask meanwhile wait."""
    os.makedirs(oslo_venv.CACHE, exist_ok=True)
    folder = os.path.join(os.path.realpath(oslo_venv.CACHE), 'otlp')
    with open(os.path.join(oslo_venv.CACHE, 'otlp.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        base = oslo_venv.find_python()
        wanted, mark = fingerprint(base), os.path.join(folder, 'complete')
        if oslo_venv.read(mark) != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            make(base, folder)
            with open(mark, 'w') as f:
                f.write(wanted)
    return os.path.join(folder, 'bin', 'python')


def make(base, folder):
    made = oslo_venv.run([base, '-m', 'venv', folder])
    if made.returncode:
        raise VenvError('python3 -m venv failed: %s' % oslo_venv.last_line(made.stdout))
    python = os.path.join(folder, 'bin', 'python')
    installed = oslo_venv.run([python, '-m', 'pip', 'install', *oslo_venv.PIP_OPTIONS, '-r', REQUIREMENTS])
    if installed.returncode:
        raise VenvError('no opentelemetry-proto: pip install failed (is PyPI in reach?): %s' % oslo_venv.last_line(installed.stdout))


def fingerprint(base):
    version = oslo_venv.run([base, '-c', 'import sys; print(sys.executable, sys.version)']).stdout
    with open(REQUIREMENTS) as f:
        return hashlib.sha256((version + f.read()).encode()).hexdigest()


def main():
    if len(sys.argv) > 1:
        print(__doc__)
        sys.exit(0 if sys.argv[1] in ('-h', '--help') else 2)
    try:
        print(ensure())
    except VenvError as e:
        print('otlp_venv: %s' % e, file=sys.stderr)
        sys.exit(2)


if __name__ == '__main__':
    main()
