/** The report's page as a reader has it: in a real browser. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderHtml } from '../../src/report/html.ts';
import { operationGraphSvg } from '../../src/report/report-graph.ts';
import { sampleSvg } from '../../src/report/report-waterfall.ts';
import { describeWithBrowser, openBrowser } from '../support/browser.ts';
import { capturePath } from '../support/captures.ts';
import { oslotap } from '../support/cli.ts';
import { COLOURS, columnOf, DOCUMENT, DRAWINGS, LOST_REFERENCES, ON_PAPER, TEXTS_OUTSIDE } from '../support/in-page.ts';
import { HOSTILE_NAMES, reportOf } from '../support/reports.ts';

interface Drawn {
  readonly role: string;
  readonly title: string;
  readonly description: string;
  readonly shapes: number;
  readonly width: number;
  readonly height: number;
}

interface Parsed {
  readonly root: string;
  readonly isBroken: boolean;
  readonly texts: number;
}

const directory = mkdtempSync(join(tmpdir(), 'oslotap-page-'));
const FILE = join(directory, 'report.html');

describeWithBrowser('the page', () => {
  let browser: Browser;

  beforeAll(async () => {
    const store = ['--store', `chdb:${join(directory, 'data')}`];
    expect(oslotap(['replay', ...['boot-1', 'live-migrate', 'idle-180s'].map(capturePath), ...store]).code).toBe(0);
    expect(oslotap(['report', '--format', 'html', '-o', FILE, ...store]).code).toBe(0);
    browser = await openBrowser();
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A page, and all that it complained about or asked for. */
  async function open(file = FILE, options: BrowserContextOptions = {}): Promise<{ page: Page; heard: string[] }> {
    const context = await browser.newContext({ viewport: { width: 1300, height: 900 }, ...options });
    const page = await context.newPage();
    const heard: string[] = [];
    const url = pathToFileURL(file).href;
    page.on('console', (message) => heard.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => heard.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => heard.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      if (request.url().split('#')[0] !== url) heard.push(`request: ${request.url()}`);
    });
    await page.goto(url);
    return { page, heard };
  }

  test('opens without a complaint, and asks nobody for anything', async () => {
    const { page, heard } = await open();
    await page.getByText('Open all').click();
    expect(await page.title()).toBe('RPC report');
    expect(await page.locator('h1').textContent()).toBe('RPC report');
    expect(heard).toEqual([]);
  });

  test('has pictures with something in them, each with a name and with a table behind it', async () => {
    const { page } = await open();
    await page.getByText('Open all').click();
    const drawings = await page.evaluate<Drawn[]>(DRAWINGS);
    expect(drawings.length).toBeGreaterThan(10);
    for (const { role, title, description, shapes, width, height } of drawings) {
      expect([role, title === '', description === '']).toEqual(['img', false, false]);
      expect(shapes).toBeGreaterThan(2);
      expect(width).toBeGreaterThan(150);
      expect(height).toBeGreaterThan(30);
    }
    expect(await page.locator('figure:has(svg):has(table tbody tr)').count()).toBe(drawings.length);
  });

  test('has drawings whose texts stand inside them, and inside their boxes', async () => {
    const { page } = await open();
    await page.getByText('Open all').click();
    expect(await page.evaluate<string[]>(TEXTS_OUTSIDE)).toEqual([]);
  });

  test('sorts a table by a heading: figures largest first, then smallest, text by its letters', async () => {
    const { page } = await open();
    const table = page.locator('table[data-name="operations"]');
    const heading = table.locator('th', { hasText: 'messages' }).first();
    const values = () => page.evaluate<number[]>(columnOf('operations', 6));
    const before = await values();
    await heading.locator('button').click();
    expect(await heading.getAttribute('aria-sort')).toBe('descending');
    expect(await values()).toEqual(before.toSorted((a, b) => b - a));
    await heading.locator('button').focus();
    await page.keyboard.press('Enter');
    expect(await heading.getAttribute('aria-sort')).toBe('ascending');
    expect(await values()).toEqual(before.toSorted((a, b) => a - b));
    await table.locator('th button').first().click();
    expect(await table.locator('th[aria-sort]').count()).toBe(1);
    const names = await table.locator('tbody th').allTextContents();
    expect(names).toEqual(names.toSorted((a, b) => a.localeCompare(b)));
  });

  test('opens and closes its parts: by hand, by keyboard, all at once, and by a link', async () => {
    const { page } = await open();
    const closed = page.locator('details.operation:not([open])').first();
    const id = (await closed.getAttribute('id')) ?? '';
    const part = page.locator(`#${id}`);
    const isOpen = async () => (await part.getAttribute('open')) !== null;
    await part.locator('summary').first().click();
    expect(await isOpen()).toBe(true);
    await part.locator('summary').first().press('Enter');
    expect(await isOpen()).toBe(false);
    await page.locator(`a[href="#${id}"]`).click();
    expect(await isOpen()).toBe(true);
    await page.getByText('Close all').click();
    expect(await page.locator('details[open]').count()).toBe(0);
    await page.getByText('Open all').click();
    expect(await page.locator('details:not([open])').count()).toBe(0);
  });

  test('is built so that it can be heard: landmarks, headings in order, captions, ids that are one', async () => {
    const { page } = await open();
    for (const landmark of ['header', 'nav[aria-label]', 'main', 'footer']) expect(await page.locator(landmark).count()).toBe(1);
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    const levels = (await page.locator('h1,h2,h3').evaluateAll((all) => all.map(({ tagName }) => tagName))).map((tag) =>
      Number(tag[1]),
    );
    expect(levels[0]).toBe(1);
    expect(levels.slice(1).every((level, at) => level > 1 && level <= (levels[at] ?? 0) + 1)).toBe(true);
    expect(await page.locator('table:not(:has(caption))').count()).toBe(0);
    expect(await page.locator('thead th:not([scope=col]), tbody th:not([scope=row])').count()).toBe(0);
    const ids = await page.evaluate<string[]>("[...document.querySelectorAll('[id]')].map(({ id }) => id)");
    expect(new Set(ids).size).toBe(ids.length);
    expect(await page.evaluate<string[]>(LOST_REFERENCES)).toEqual([]);
  });

  test.each(['light', 'dark'] as const)('can be read in %s: every text has contrast enough', async (colorScheme) => {
    const { page } = await open(FILE, { colorScheme });
    await page.getByText('Open all').click();
    const colours = await page.evaluate<string[]>(COLOURS);
    expect(colours.length).toBeGreaterThan(5);
    expect(colours.filter((pair) => contrast(pair) < 4.5)).toEqual([]);
    const paper = colours[0]?.split(' on ')[1] ?? '';
    expect(luminance(paper) > 0.5).toBe(colorScheme === 'light');
  });

  test('on paper everything is open, nothing is cut off, and it is black on white', async () => {
    const { page } = await open(FILE, { colorScheme: 'dark', javaScriptEnabled: false, viewport: { width: 1000, height: 1400 } });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate(ON_PAPER)).toEqual({ hidden: 0, cut: 0, paper: 'rgb(255, 255, 255)' });
    const scripted = await open();
    const pages = (await scripted.page.pdf({ format: 'A4' })).toString('latin1').match(/\/Type ?\/Page\b/g) ?? [];
    expect(pages.length).toBeGreaterThan(5);
    // As it was before.
    expect(await scripted.page.locator('details.operation:not([open])').count()).toBeGreaterThan(0);
  });

  test('without its script it has no buttons that do nothing', async () => {
    const { page } = await open(FILE, { javaScriptEnabled: false });
    expect(await page.locator('button:visible').count()).toBe(0);
    expect(await page.locator('table[data-name="operations"] tbody tr').count()).toBeGreaterThan(3);
  });

  describe('with names that somebody chose to do harm', () => {
    const name = (_: string, index: number) => HOSTILE_NAMES[index % HOSTILE_NAMES.length] ?? '';
    const hostile = reportOf({ operations: HOSTILE_NAMES.length, rows: HOSTILE_NAMES.length, services: 12, name });

    test.each([false, true])('runs nothing and loads nothing, with or without its policy (%s)', async (bypassCSP) => {
      const file = join(directory, `hostile-${bypassCSP}.html`);
      writeFileSync(file, renderHtml(hostile));
      const { page, heard } = await open(file, { bypassCSP });
      await page.getByText('Open all').click();
      await page.locator('th button').first().click();
      await page.mouse.move(400, 400);
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      expect(await page.locator('img, iframe, object, embed, b, x').count()).toBe(0);
      expect(await page.locator('script').count()).toBe(1);
      expect(await page.locator('details.operation').count()).toBe(hostile.operations.length);
      expect(heard).toEqual([]);
    });

    test('refuses a script that came in another way', async () => {
      const file = join(directory, 'smuggled.html');
      writeFileSync(
        file,
        renderHtml(hostile).replace(
          '</main>',
          '<script>globalThis.hacked = true</script><img src="x:y" onerror="globalThis.hacked = true"></main>',
        ),
      );
      const { page, heard } = await open(file);
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      expect(heard.filter((line) => line.includes('Content Security Policy')).length).toBeGreaterThan(0);
    });

    test('its drawings are whole files, too', async () => {
      const [operation] = hostile.operations;
      const typical = operation?.typical;
      if (operation == null || typical == null) throw new Error('no operation');
      const words = { id: 'w', title: name('', 0), description: name('', 1) };
      const drawings = [
        operationGraphSvg(operation, 'g', { isStandalone: true }),
        sampleSvg(typical, words, { isStandalone: true }),
      ];
      for (const [at, svg] of drawings.entries()) {
        const file = join(directory, `drawing-${at}.svg`);
        writeFileSync(file, svg);
        const { page, heard } = await open(file);
        const { root, isBroken, texts } = await page.evaluate<Parsed>(DOCUMENT);
        expect([root, isBroken]).toEqual(['svg', false]);
        expect(texts).toBeGreaterThan(5);
        expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
        expect(heard).toEqual([]);
      }
    });
  });
});

/** WCAG 2.2's contrast ratio of `rgb(…) on rgb(…)`. */
function contrast(pair: string): number {
  const [one = 0, other = 0] = pair.split(' on ').map(luminance);
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
