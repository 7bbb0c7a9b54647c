#!/usr/bin/env python3
"""A virtual environment with pinned packages from PyPI, beside what the system has.

usage: pinned_venv.py NAME

NAME-requirements.txt beside this file pins all of it: oslo (a recent oslo.messaging, 80 MB), otlp (OTLP's messages and gRPC), deploy
(what checks deploy/, 230 MB), clickhouse-connect. Prints the path of its folder of programs. Made once, in node_modules/.cache of
this checkout (15 to 20 s); anew when its requirements or the Python change. Exit code 2: it cannot be made here, for want of Python's
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
CACHE = os.path.join(HERE, '..', '..', 'node_modules', '.cache', 'oslotap')
INSIDE = 'OSLOTAP_INSIDE_VENV'      # set in the environment of what runs in a virtual environment
OLDEST_PYTHON = (3, 11)             # of the pinned releases
INSTALL_SECONDS = 180
PIP_OPTIONS = ('--quiet', '--no-deps', '--no-compile', '--disable-pip-version-check', '--retries', '1', '--timeout', '15')


class VenvError(Exception):
    """The packages are not to be had; the message is for people."""


def ensure(name):
    """The virtual environment's folder of programs; makes it where it is missing. Others that ask meanwhile wait."""
    os.makedirs(CACHE, exist_ok=True)
    requirements = os.path.join(HERE, '%s-requirements.txt' % name)
    folder = os.path.join(os.path.realpath(CACHE), name)
    with open(os.path.join(CACHE, '%s.lock' % name), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        base = _find_python()
        wanted, mark = _fingerprint(base, requirements), os.path.join(folder, 'complete')
        if _read(mark) != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            _make(base, folder, name, requirements)
            with open(mark, 'w') as f:
                f.write(wanted)
    return os.path.join(folder, 'bin')


def run_inside(name):
    """Starts this program anew under the virtual environment's python; returns when it runs there already."""
    if os.environ.get(INSIDE) == name:
        return
    python = os.path.join(ensure(name), 'python')
    os.environ[INSIDE] = name
    # Newer releases warn of what they use themselves.
    os.execv(python, [python, '-W', 'ignore', *sys.argv])


def _find_python():
    """One that can make virtual environments: Debian's cannot without python3-venv."""
    check = 'import ensurepip, sys, venv; sys.exit(sys.version_info < %r)' % (OLDEST_PYTHON,)
    for path in dict.fromkeys((shutil.which('python3'), '/usr/bin/python3', sys.executable)):
        if path and os.path.exists(path) and _run([path, '-c', check]).returncode == 0:
            return path
    raise VenvError('no Python ≥ %d.%d with venv: apt-get install python3-venv' % OLDEST_PYTHON)


def _make(base, folder, name, requirements):
    made = _run([base, '-m', 'venv', folder])
    if made.returncode:
        raise VenvError('python3 -m venv failed: %s' % _last_line(made.stdout))
    python = os.path.join(folder, 'bin', 'python')
    installed = _run([python, '-m', 'pip', 'install', *PIP_OPTIONS, '-r', requirements])
    if installed.returncode:
        raise VenvError('no packages for %s: pip install failed (is PyPI in reach?): %s' % (name, _last_line(installed.stdout)))


def _run(command):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise VenvError('%s took more than %d s' % (os.path.basename(command[0]), INSTALL_SECONDS))


def _fingerprint(base, requirements):
    """Changes with the pinned releases and with the Python."""
    version = _run([base, '-c', 'import sys; print(sys.executable, sys.version)']).stdout
    return hashlib.sha256((version + (_read(requirements) or '')).encode()).hexdigest()


def _read(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return None


def _last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return re.sub(r'//[^/@]*@', '//', lines[-1]) if lines else 'it said nothing'      # an index's URL may hold a password


def main():
    names = sorted(file[:-len('-requirements.txt')] for file in os.listdir(HERE) if file.endswith('-requirements.txt'))
    if len(sys.argv) != 2 or sys.argv[1] not in names:
        print(__doc__)
        sys.exit(0 if sys.argv[1:] in (['-h'], ['--help']) else 2)
    try:
        print(ensure(sys.argv[1]))
    except VenvError as e:
        print('pinned_venv: %s' % e, file=sys.stderr)
        sys.exit(2)


if __name__ == '__main__':
    main()
