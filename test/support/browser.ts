import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { findChromium } from './chromium.ts';

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: flags });
}

/** Somebody in Sydney who wants no motion. */
export async function openReader(browser: Browser): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'Australia/Sydney',
    reducedMotion: 'reduce',
    acceptDownloads: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return { context, page };
}

/** What axe has against an address in the light and in the dark theme, once nothing on it is loading. */
export async function axeComplaints(page: Page, { address, path }: { address: string; path: string }): Promise<string[]> {
  const found: string[] = [];
  await page.goto(address + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await expect.poll(() => page.locator('.skeleton').count(), { timeout: 20_000 }).toBe(0);
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.locator(`html[data-theme=${theme}]`).waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    const places = violations.map((one) => `${one.id} at ${one.nodes.map((node) => node.html.slice(0, 120)).join(' and ')}`);
    found.push(...places.map((place) => `${path} (${theme}): ${place}`));
  }
  return found;
}
