/** Chromium, without a screen. Where there is none its tests are skipped, loudly. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { describe, test } from 'vitest';

const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];

/** The program, or null. */
export const CHROMIUM = FOLDERS.map((folder) => join(folder, 'chromium')).find(existsSync) ?? null;

/** Opens it; whoever called closes it. */
export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox', '--disable-gpu'] });
}

/** Tests that need a browser. */
export function describeWithBrowser(title: string, body: () => void): void {
  if (CHROMIUM !== null) {
    describe(title, body);
    return;
  }
  console.warn(`SKIPPED: ${title}: chromium is missing (apt-get install chromium)`);
  test.skip(`${title}: chromium is missing`);
}
