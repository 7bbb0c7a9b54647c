/** The report of 10,000 requests as a page: how large it is, how long it takes to make, and to open in Chromium. A few minutes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Report as StoreReport } from '../../src/report/report-shape.ts';
import { CHROMIUM, openBrowser } from '../support/browser.ts';
import { ROOT } from '../support/cli.ts';
import { largeStore } from './large-store.ts';
import { number, type Report } from './report.ts';

const REQUESTS = 10_000;
/** The captures have less than so many spans for each request. */
const SPANS_A_REQUEST = 14;
const BYTES_MAX = 5_000_000;
const OPEN_MS_MAX = 2_000;
const OPENINGS = 5;

export async function benchPage(): Promise<Report[]> {
  if (CHROMIUM === null) throw new Error('chromium is missing: apt-get install chromium');
  const directory = mkdtempSync(join(tmpdir(), 'oslotap-page-'));
  try {
    const progress = (line: string) => console.error(`page: ${line}`);
    await (await largeStore({ directory, spans: REQUESTS * SPANS_A_REQUEST, progress })).close();
    return [await measure(directory)];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(directory: string): Promise<Report> {
  const file = join(directory, 'report.html');
  const began = performance.now();
  make(directory, '--format', 'html', '-o', file);
  const madeMs = performance.now() - began;
  const { operations, window } = JSON.parse(make(directory, '--format', 'json')) as StoreReport;
  const requests = operations.reduce((sum, operation) => sum + operation.requests, 0);
  const bytes = statSync(file).size;
  const opened = await openTimes(file);
  const slowest = Math.max(...opened);
  return {
    title: `The report of ${requests.toLocaleString('en-US')} requests (${window.messages.toLocaleString('en-US')} messages) as a page`,
    rows: [
      ['', 'measured'],
      ['size, MB', number(bytes / 1e6)],
      ['made in, s', number(madeMs / 1e3)],
      ['opened in, ms: each of a new browser', opened.map(number).join(' ')],
    ],
    verdicts: [
      { claim: `${REQUESTS.toLocaleString('en-US')} requests or more`, holds: requests >= REQUESTS },
      { claim: `smaller than ${BYTES_MAX / 1e6} MB`, holds: bytes < BYTES_MAX },
      { claim: `open within ${OPEN_MS_MAX / 1e3} s, the slowest time too`, holds: slowest < OPEN_MS_MAX },
    ],
    figures: { page_bytes: bytes, page_made_ms: madeMs, page_open_ms: slowest },
  };
}

function make(directory: string, ...args: string[]): string {
  const command = [join(ROOT, 'src/cli/bin.ts'), 'report', '--store', `chdb:${directory}`, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** From the navigation until all is loaded, laid out and painted. Milliseconds; each time with nothing cached. */
async function openTimes(file: string): Promise<number[]> {
  const times: number[] = [];
  for (let opening = 0; opening < OPENINGS; opening++) {
    const browser = await openBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 1300, height: 900 } });
      const began = performance.now();
      await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
      times.push(performance.now() - began);
    } finally {
      await browser.close();
    }
  }
  return times;
}
