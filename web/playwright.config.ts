// The tests of the page: the real server, a real Chromium, and a camera that plays a file.

import { defineConfig } from '@playwright/test';
import { FILMED_CAMERA, filmedClip, handstreamCommand, SYNTHETIC_CAMERA } from './e2e/cameras.ts';
import { findChromium } from './e2e/find-chromium.mjs';

// Node 20 has a WebSocket behind this switch, which a test of the client's core in Node needs; newer ones have it anyway.
process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --experimental-websocket --no-warnings`;

const chromium = findChromium();
if (chromium === null) throw new Error('No Chromium was found: run `node e2e/find-chromium.mjs --install`.');

const isRoot = process.getuid?.() === 0;

/** How Chromium is started with a camera that shows that file. */
function launchWith(camera: string) {
  return {
    executablePath: chromium?.path ?? '',
    args: [
      ...(isRoot ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${camera}`,
    ],
  };
}

export default defineConfig({
  testDir: 'e2e',
  outputDir: '../artifacts/playwright',
  globalSetup: './e2e/make-cameras.ts',
  // One page at a time: the tests look at pictures in motion, and the server's threads want the processor too.
  workers: 1,
  // How long is waited for what does not come. A slow machine may take its time.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  forbidOnly: true,
  reporter: [['list']],
  use: { viewport: { width: 1280, height: 860 }, screenshot: 'only-on-failure' },
  projects: [
    { name: 'synthetic camera', use: { launchOptions: launchWith(SYNTHETIC_CAMERA) } },
    {
      name: 'filmed camera',
      testMatch: 'camera.spec.ts',
      metadata: { isFilmed: true, clip: filmedClip() },
      use: { launchOptions: launchWith(FILMED_CAMERA) },
    },
  ],
  webServer: {
    command: `"${handstreamCommand()}" serve --port 0 --log-level warning`,
    wait: { stderr: /Open (?<handstream_url>http:\/\/\S+)/ },
    env: { FORCE_COLOR: '', NO_COLOR: '1' }, // The address is to be printed as it is, not as a terminal's link.
    gracefulShutdown: { signal: 'SIGINT', timeout: 5000 },
    timeout: 120_000,
  },
});
