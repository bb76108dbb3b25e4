// The page under `python -m benchmarks.page`: the tests' server, Chromium and camera, and trials instead of tests.

import { defineConfig } from '@playwright/test';
import tested from './playwright.config.ts';

export default defineConfig({
  ...tested,
  testMatch: 'page.bench.ts',
  outputDir: '../artifacts/page/playwright',
  projects: tested.projects?.slice(0, 1) ?? [],
});
