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

/** Takes up a set-up or an invitation, and waits until signed in. */
export async function setUp(
  page: Page,
  { address, token, name, email }: { address: string; token: string; name: string; email: string },
): Promise<void> {
  await page.goto(`${address}/setup#token=${token}`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill('copper stick of hazel');
  await page.getByRole('button', { name: 'Create account and sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}

/** The dialog that is open. Toasts are dialogs too, to their library. */
export const dialogOf = (page: Page) => page.locator('[role="dialog"]:not([data-type])');

/** Whether the page that is open would have to be scrolled sideways on a screen of this width; the window is as before afterwards. */
export async function isTooWide(page: Page, width: number): Promise<boolean> {
  const before = page.viewportSize()!;
  await page.setViewportSize({ width, height: before.height });
  const needed = await page.evaluate<number>('document.documentElement.scrollWidth');
  await page.setViewportSize(before);
  return needed > width;
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
    found.push(...(await axeFindings(page)).map((place) => `${path} (${theme}): ${place}`));
  }
  return found;
}

/** What axe has against the page as it stands, with whatever is open on it. */
export async function axeFindings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map((one) => `${one.id} at ${one.nodes.map((node) => node.html.slice(0, 120)).join(' and ')}`);
}
