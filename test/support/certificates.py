"""A certificate authority of one's own, and what it signed: for a test's broker and its clients. Made with openssl.

  make(folder) -> {"ca", "server_cert", "server_key", "cert", "key"}: paths of PEM files in that folder

The server's certificate is for localhost and 127.0.0.1; everything is valid for a day.
"""
import os
import shutil
import subprocess

NAMES = 'subjectAltName=DNS:localhost,IP:127.0.0.1'
NEW_KEY = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes')     # RSA keys take seconds to make
CA_CONFIG = '[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'


class OpensslError(Exception):
    """The certificates cannot be made; the message is for people."""


class OpensslMissing(OpensslError):
    """There is no openssl on this machine."""


def make(folder):
    if not shutil.which('openssl'):
        raise OpensslMissing('openssl is missing: apt-get install openssl')
    os.mkdir(folder)
    at = lambda name: os.path.join(folder, name)
    with open(at('ca.cnf'), 'w') as f:
        f.write(CA_CONFIG)
    _openssl('req', '-x509', '-config', at('ca.cnf'), '-extensions', 'ca', *NEW_KEY, '-days', '1', '-subj', '/CN=oslotap test CA',
             '-keyout', at('ca.key'), '-out', at('ca.pem'))
    for name, usage in (('server', 'extendedKeyUsage=serverAuth'), ('client', 'extendedKeyUsage=clientAuth')):
        with open(at(name + '.ext'), 'w') as f:
            f.write('%s\n%s\n' % (NAMES, usage))
        _openssl('req', '-config', at('ca.cnf'), *NEW_KEY, '-subj', '/CN=oslotap test ' + name,
                 '-keyout', at(name + '.key'), '-out', at(name + '.csr'))
        _openssl('x509', '-req', '-in', at(name + '.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '1',
                 '-extfile', at(name + '.ext'), '-out', at(name + '.pem'))
    return {'ca': at('ca.pem'), 'server_cert': at('server.pem'), 'server_key': at('server.key'),
            'cert': at('client.pem'), 'key': at('client.key')}


def _openssl(*args):
    done = subprocess.run(['openssl', *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise OpensslError('openssl %s failed: %s' % (args[0], done.stdout.strip()))
