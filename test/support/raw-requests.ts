/** Requests that no client would send, and one that sends them: for whatever serves HTTP. */
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';

const HOST = 'Host: localhost\r\n';
const POST = `POST / HTTP/1.1\r\n${HOST}`;
const BOMB = gzipSync(Buffer.alloc(50_000_000));

function post(headers: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${POST}${headers}Content-Length: ${body.length}\r\n\r\n`), body]);
}

export const RAW_REQUESTS: Readonly<Record<string, string | Buffer>> = {
  garbage: Buffer.from(Array.from({ length: 200 }, (_, i) => (i * 167 + 13) % 256)),
  half: 'GET /?query=SELECT+1 HTTP/1.1\r\nHos',
  'half a body': `${POST}Content-Length: 100\r\n\r\nSEL`,
  'a huge header': `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(300_000)}\r\n\r\n`,
  'many headers': `GET /?query=SELECT+1 HTTP/1.1\r\n${HOST}${'X: a\r\n'.repeat(5_000)}\r\n`,
  'a URL of 10 MB': `GET /?query=SELECT+${'1'.repeat(10_000_000)} HTTP/1.1\r\n${HOST}\r\n`,
  'a hundred at once': `GET /?query=SELECT+1 HTTP/1.1\r\n${HOST}\r\n`.repeat(100),
  'bad chunks': `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\nSELECT\r\n`,
  'a chunk without end': `${POST}Transfer-Encoding: chunked\r\n\r\nffffffffff\r\nSELECT\r\n`,
  'two lengths': `${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
  'bad gzip': post('Content-Encoding: gzip\r\n', Buffer.alloc(10, 7)),
  'a gzip bomb': post('Content-Encoding: gzip\r\n', BOMB),
  'no UTF-8': post('', Buffer.from([0xff, 0xfe, 0xc3, 0x28])),
  'no UTF-8 in the URL': `GET /?query=%ff%fe%c3%28 HTTP/1.1\r\n${HOST}\r\n`,
  'no URL': `GET //[?query= HTTP/1.1\r\n${HOST}\r\n`,
  options: `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`,
  connect: `CONNECT a:1 HTTP/1.1\r\n${HOST}\r\n`,
  upgrade: `GET / HTTP/1.1\r\n${HOST}Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n`,
  'half a form': post('Content-Type: multipart/form-data; boundary=x\r\n', Buffer.from('--x\r\nContent-Dispos')),
  'a body without end': `${POST}Content-Length: 20000000\r\n\r\n${'x'.repeat(2_000_000)}`,
  'a query that nobody waits for': `GET /?query=SELECT+count()+FROM+numbers(1e12) HTTP/1.1\r\n${HOST}\r\n`,
  'a result that nobody reads': `GET /?query=SELECT+number+FROM+numbers(1e9) HTTP/1.1\r\n${HOST}\r\n`,
  'a good one': `GET /?query=SELECT+1 HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
};

/** Sends it and goes away after so long at the latest. @returns the status of the first answer, or null. */
export function sendRaw(url: string, data: string | Buffer, holdMs: number): Promise<number | null> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let head = '';
    const socket = connect(Number(port), hostname, () => socket.write(data));
    const timer = setTimeout(() => socket.destroy(), holdMs);
    socket.on('data', (chunk) => {
      if (head.length < 12) head += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
      resolve(status === undefined ? null : Number(status));
    });
  });
}
