import { expect, test } from './studio.ts';

test('the page asks nobody but its server for anything, and has no code or style inline', async ({ studio }) => {
  const asked = new Set<string>();
  studio.page.on('request', (request) => asked.add(new URL(request.url()).host));
  studio.page.on('websocket', (socket) => asked.add(new URL(socket.url()).host));
  await studio.page.addInitScript(() => {
    globalThis.addEventListener('securitypolicyviolation', (event) => {
      throw new Error(`${event.effectiveDirective} stopped ${event.blockedURI}`); // fails the test as an uncaught error does
    });
  });
  await studio.open({ sourceKind: 'demo' });
  await studio.start();
  await studio.expectLive();
  expect([...asked]).toEqual([new URL(process.env['HANDSTREAM_URL'] ?? '').host]);
  const policy = (await studio.page.request.get(process.env['HANDSTREAM_URL'] ?? '')).headers()['content-security-policy'];
  expect(policy).not.toContain('unsafe');
});

test('the policy stops what a stranger puts into the page', async ({ page }) => {
  await page.goto(process.env['HANDSTREAM_URL'] ?? '');
  const stopped = await page.evaluate(async () => {
    const directives: string[] = [];
    addEventListener('securitypolicyviolation', (event) => directives.push(event.effectiveDirective));
    const script = document.createElement('script');
    script.textContent = 'globalThis.intruder = true';
    document.body.append(script);
    await fetch('https://stranger.invalid').catch(() => undefined);
    while (directives.length < 2) await new Promise((resolve) => setTimeout(resolve, 10)); // They are told of later.
    return { directives, ran: 'intruder' in globalThis };
  });
  expect(stopped).toEqual({ directives: ['script-src-elem', 'connect-src'], ran: false });
});

test('the camera ends when the page says so', async ({ studio }) => {
  await studio.page.addInitScript(() => {
    const { mediaDevices } = navigator;
    const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      const stream = await getUserMedia(constraints);
      Object.assign(globalThis, { tracks: [...((globalThis as { tracks?: MediaStreamTrack[] }).tracks ?? []), ...stream.getTracks()] });
      return stream;
    };
  });
  const states = () =>
    studio.page.evaluate(() => ((globalThis as { tracks?: MediaStreamTrack[] }).tracks ?? []).map(({ readyState }) => readyState));
  await studio.open({ sourceKind: 'camera' });
  expect(await states(), 'no camera before Start').toEqual([]);
  await studio.start();
  await studio.expectLive();
  expect(await states()).toContain('live');
  await studio.page.getByRole('button', { name: 'Stop' }).click();
  await expect(studio.page.locator('.chip')).toHaveText('Ready');
  expect(new Set(await states())).toEqual(new Set(['ended']));
});

test('a server that asks for a token says so, and takes the page that was opened with it', async ({ studio }) => {
  test.slow();
  const server = await studio.startServer(0, '--token', 'auto');
  const { origin, hash } = new URL(server.url);
  await studio.open({ sourceKind: 'demo' }, origin);
  await studio.start();
  await expect(studio.page.getByRole('heading', { name: 'The server asks for a token' })).toBeVisible();
  await studio.keepScreenshot('trouble-token');
  await studio.page.goto(`${origin}/${hash}`);
  await studio.start();
  await studio.expectLive();
  expect(studio.page.url(), 'the token is taken out of the address').toBe(`${origin}/`);
  await studio.page.reload();
  await studio.start();
  await studio.expectLive();
});

test.describe('with a certificate that nobody vouches for', () => {
  test.use({ ignoreHTTPSErrors: true });

  test('the page works over https', async ({ studio }) => {
    test.slow();
    const server = await studio.startServer(0, '--https');
    expect(server.url).toMatch(/^https:/);
    await studio.open({ sourceKind: 'camera' }, server.url);
    await studio.start();
    await studio.expectLive();
  });
});
