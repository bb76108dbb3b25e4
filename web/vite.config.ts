// How the page is built (into the Python package) and served while it is developed (with the server behind a proxy).
import react from '@vitejs/plugin-react';
import { build, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const server = `http://127.0.0.1:${process.env['HANDSTREAM_PORT'] ?? '8000'}`;
const proxied = ['/access', '/demo', '/healthz', '/readyz', '/docs', '/openapi.json', '/metrics'];

/** Builds the page of `handstream bench --html` too, into the same folder, which the page's own build has just emptied. */
function report(): Plugin {
  return {
    name: 'report',
    apply: 'build',
    closeBundle: async () => {
      await build({ configFile: 'vite.report.config.ts', logLevel: 'warn' });
    },
  };
}

export default defineConfig({
  plugins: [react(), report()],
  // The sketches of `percentiles.ts` could be written as protocol buffers, by a package that is not installed; the page never does.
  resolve: { alias: [{ find: /^\.{1,2}\/proto\/compiled$/, replacement: 'data:text/javascript,export {}' }] },
  build: {
    outDir: '../src/handstream/page',
    emptyOutDir: true,
    target: 'es2022',
    // A strict Content-Security-Policy allows no data: addresses, so nothing is inlined, and the polyfill would be an inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' },
  server: {
    proxy: { ...Object.fromEntries(proxied.map((path) => [path, server])), '/ws': { target: server, ws: true } },
  },
  // A slow machine may take its time for a test that draws hundreds of examples.
  test: { include: ['src/**/*.test.{ts,tsx}'], setupFiles: 'vitest.setup.ts', testTimeout: 60_000 },
});
