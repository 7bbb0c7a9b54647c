"""Finds the Python that has Debian's packages: `python3` may be another one (pyenv, a virtual environment)."""
import importlib.util
import os
import sys

SYSTEM_PYTHON = '/usr/bin/python3'


def require(modules, package):
    """Goes on under the system's Python if this one lacks a module; without it there, one line and exit code 2."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if not missing:
        return
    if os.path.exists(SYSTEM_PYTHON) and not os.environ.get('OSLOTAP_SYSTEM_PYTHON'):
        os.environ['OSLOTAP_SYSTEM_PYTHON'] = '1'       # once only
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    print("%s: Python's %s is missing: apt-get install %s" % (name, ', '.join(missing), package), file=sys.stderr)
    sys.exit(2)
