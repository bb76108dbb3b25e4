// Finds a Chromium that starts. As a command it prints which; with --install it gets one where there is none.
//
// In order: $CHROMIUM, a browser on the PATH, Playwright's own. To install: Playwright's installer, else Debian's package when root.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The path of a Chromium that starts, and what it is; null if there is none. */
export function findChromium() {
  for (const { path, origin } of candidates()) {
    const version = versionOf(path);
    if (version !== null) return { path, origin, version };
  }
  return null;
}

function candidates() {
  const { CHROMIUM, PATH = '' } = process.env;
  if (CHROMIUM) return [{ path: CHROMIUM, origin: '$CHROMIUM' }]; // Whoever names one wants that one.
  const folders = PATH.split(delimiter).filter((folder) => folder !== '');
  const onPath = NAMES.flatMap((name) => folders.map((folder) => ({ path: join(folder, name), origin: 'the PATH' })));
  return [...onPath, { path: chromium.executablePath(), origin: 'Playwright' }].filter(({ path }) => existsSync(path));
}

/** What it says of itself, or null if it does not start. */
function versionOf(path) {
  const { status, stdout } = spawnSync(path, ['--version', '--no-sandbox'], { encoding: 'utf-8', timeout: 30_000 });
  return status === 0 ? stdout.trim() : null;
}

function install() {
  const web = fileURLToPath(new URL('..', import.meta.url));
  say('No Chromium was found. Trying Playwright’s installer ...');
  run(process.execPath, [join(web, 'node_modules', '@playwright', 'test', 'cli.js'), 'install', 'chromium'], web);
  if (findChromium() !== null) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say('That gave none that starts. Trying Debian’s package ...');
    run('apt-get', ['update', '--quiet'], web);
    run('apt-get', ['install', '--yes', '--quiet', '--no-install-recommends', 'chromium'], web);
  }
}

function run(command, args, cwd) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync(command, args, { cwd, env, stdio: 'inherit', timeout: 600_000 });
}

function say(text) {
  process.stdout.write(`${text}\n`);
}

function main() {
  if (findChromium() === null && process.argv.includes('--install')) install();
  const found = findChromium();
  if (found !== null) {
    say(`${found.version}, from ${found.origin}: ${found.path}`);
    return;
  }
  const named = process.env['CHROMIUM'] ? `$CHROMIUM is ${process.env['CHROMIUM']}, which does not start. ` : '';
  process.stderr.write(
    `${named}The tests of the page need a Chromium, and none was found. Install one (on Debian: apt-get install chromium), ` +
      'or set CHROMIUM to its path, and try again.\n',
  );
  process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
