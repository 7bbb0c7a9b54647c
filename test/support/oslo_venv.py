#!/usr/bin/env python3
"""A virtual environment with a recent oslo.messaging from PyPI, beside the one that the system has.

usage: oslo_venv.py

Prints the path of its python. Made once, in node_modules/.cache of this checkout (80 MB, about 15 s); anew when
oslo-requirements.txt, which pins all of it, or the Python changes. Exit code 2: it cannot be made here, for want of Python's
venv or of PyPI, and one line that says which.
"""
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
REQUIREMENTS = os.path.join(HERE, 'oslo-requirements.txt')
CACHE = os.path.join(HERE, '..', '..', 'node_modules', '.cache', 'oslotap')
RECENT = 'OSLOTAP_RECENT_OSLO'      # set in the environment of what runs in the virtual environment
OLDEST_PYTHON = (3, 11)             # of the pinned releases
INSTALL_SECONDS = 180
PIP_OPTIONS = ('--quiet', '--no-deps', '--no-compile', '--disable-pip-version-check', '--retries', '1', '--timeout', '15')


class VenvError(Exception):
    """There is no recent oslo.messaging to be had; the message is for people."""


def ensure():
    """The python of the virtual environment; makes it where it is missing. Others that ask meanwhile wait."""
    os.makedirs(CACHE, exist_ok=True)
    folder = os.path.join(os.path.realpath(CACHE), 'oslo')
    with open(os.path.join(CACHE, 'oslo.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        base = find_python()
        wanted, mark = fingerprint(base), os.path.join(folder, 'complete')
        if read(mark) != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            make(base, folder)
            with open(mark, 'w') as f:
                f.write(wanted)
    return os.path.join(folder, 'bin', 'python')


def run_under_recent():
    """Starts this program anew under the virtual environment's python; returns when it runs there already."""
    if os.environ.get(RECENT):
        return
    python = ensure()
    os.environ[RECENT] = '1'
    # Newer releases warn of what they use themselves.
    os.execv(python, [python, '-W', 'ignore', *sys.argv])


def find_python():
    """One that can make virtual environments: Debian's cannot without python3-venv."""
    check = 'import ensurepip, sys, venv; sys.exit(sys.version_info < %r)' % (OLDEST_PYTHON,)
    for path in dict.fromkeys((shutil.which('python3'), '/usr/bin/python3', sys.executable)):
        if path and os.path.exists(path) and run([path, '-c', check]).returncode == 0:
            return path
    raise VenvError('no Python ≥ %d.%d with venv: apt-get install python3-venv' % OLDEST_PYTHON)


def make(base, folder):
    made = run([base, '-m', 'venv', folder])
    if made.returncode:
        raise VenvError('python3 -m venv failed: %s' % last_line(made.stdout))
    python = os.path.join(folder, 'bin', 'python')
    installed = run([python, '-m', 'pip', 'install', *PIP_OPTIONS, '-r', REQUIREMENTS])
    if installed.returncode:
        raise VenvError('no recent oslo.messaging: pip install failed (is PyPI in reach?): %s' % last_line(installed.stdout))


def run(command):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise VenvError('no recent oslo.messaging: %s took more than %d s' % (os.path.basename(command[0]), INSTALL_SECONDS))


def fingerprint(base):
    """Changes with the pinned releases and with the Python."""
    version = run([base, '-c', 'import sys; print(sys.executable, sys.version)']).stdout
    with open(REQUIREMENTS) as f:
        return hashlib.sha256((version + f.read()).encode()).hexdigest()


def read(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return None


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return re.sub(r'//[^/@]*@', '//', lines[-1]) if lines else 'it said nothing'      # an index's URL may hold a password


def main():
    if len(sys.argv) > 1:
        print(__doc__)
        sys.exit(0 if sys.argv[1] in ('-h', '--help') else 2)
    try:
        print(ensure())
    except VenvError as e:
        print('oslo_venv: %s' % e, file=sys.stderr)
        sys.exit(2)


if __name__ == '__main__':
    main()
