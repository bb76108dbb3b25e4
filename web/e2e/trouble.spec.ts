import { expect, Studio, test } from './studio.ts';

/** Makes the camera fail as a browser would say it. */
function refuseCamera(name: string): void {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name));
}

for (const { name, title, advice } of [
  { name: 'NotFoundError', title: 'No camera was found', advice: /Plug one in/ },
  { name: 'NotAllowedError', title: 'The camera is not allowed here', advice: /Allow the camera/ },
  { name: 'NotReadableError', title: 'The camera is in use', advice: /Another program/ },
]) {
  test(`${name} is said in plain words, and the demo clip is a way on`, async ({ studio }) => {
    const { page } = studio;
    await page.addInitScript(refuseCamera, name);
    await studio.open();
    await studio.start();
    await expect(page.getByRole('heading', { name: title })).toBeVisible();
    await expect(page.getByText(advice).first()).toBeVisible();
    await expect(page.getByRole('status')).toHaveText(new RegExp(title));
    await studio.keepScreenshot(`trouble-${name}`);
    await page.getByRole('button', { name: 'Play the demo clip' }).click();
    await studio.expectLive();
  });
}

test('an address that browsers keep the camera from is named', async ({ studio }) => {
  await studio.page.addInitScript(() => Object.defineProperty(globalThis, 'isSecureContext', { value: false }));
  await studio.open();
  await studio.start();
  await expect(studio.page.getByRole('heading', { name: /keeps the camera from this address/ })).toBeVisible();
});

test('a camera that is unplugged is missed, and goes on by itself when it is plugged in again', async ({ studio }) => {
  await studio.page.addInitScript(() => {
    const { mediaDevices } = navigator;
    const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
    let isPlugged = true;
    const enumerateDevices = mediaDevices.enumerateDevices.bind(mediaDevices);
    mediaDevices.enumerateDevices = async () => (isPlugged ? enumerateDevices() : []);
    addEventListener('plug', () => {
      isPlugged = true;
      mediaDevices.dispatchEvent(new Event('devicechange'));
    });
    mediaDevices.getUserMedia = async (constraints) => {
      const stream = await getUserMedia(constraints);
      addEventListener('unplug', () => {
        isPlugged = false;
        stream.getVideoTracks()[0]?.dispatchEvent(new Event('ended'));
      });
      return stream;
    };
  });
  await studio.open();
  await studio.start();
  await studio.expectLive();
  await studio.page.evaluate(() => dispatchEvent(new Event('unplug')));
  await expect(studio.page.getByRole('heading', { name: 'The camera was unplugged' })).toBeVisible();
  await studio.page.evaluate(() => navigator.mediaDevices.dispatchEvent(new Event('devicechange'))); // Another device came or went.
  await expect(studio.page.locator('.chip')).toHaveText('Stopped');
  await studio.page.evaluate(() => dispatchEvent(new Event('plug')));
  await studio.expectLive();
});

test('a file that is no video is refused with a word on formats', async ({ studio }) => {
  await studio.open();
  const [chooser] = await Promise.all([
    studio.page.waitForEvent('filechooser'),
    studio.page.getByRole('button', { name: 'pick one' }).click(),
  ]);
  await chooser.setFiles({ name: 'notes.mp4', mimeType: 'video/mp4', buffer: Buffer.from('not a video') });
  await expect(studio.page.getByRole('heading', { name: 'This video cannot be played here' })).toBeVisible();
});

test('the server goes away and comes back, and the page goes on by itself', async ({ studio }) => {
  test.slow();
  const first = await studio.startServer(0);
  await studio.open({ sourceKind: 'demo' }, first.url);
  await studio.start();
  await studio.expectLive();
  await first.stop();
  await expect(studio.page.getByRole('heading', { name: 'The server does not answer' })).toBeVisible();
  await expect(studio.page.locator('.chip')).toHaveText('Reconnecting …');
  await studio.keepScreenshot('trouble-server-away');
  const isBack = studio.expectBriefly('.chip', /back, new session/);
  await Promise.all([studio.startServer(Number(new URL(first.url).port)), isBack]);
  await studio.keepScreenshot('back-new-session');
  await studio.expectLive();
  await expect(studio.page.getByRole('heading', { name: 'The server does not answer' })).toBeHidden();
});

test('a server that is full says so, and lets the page in once there is a place', async ({ studio, context }) => {
  test.slow();
  const { url } = await studio.startServer(0, '--max-sessions', '1');
  await studio.open({ sourceKind: 'demo' }, url);
  await studio.start();
  await studio.expectLive();
  const another = new Studio(await context.newPage());
  await another.open({ sourceKind: 'demo' }, url);
  await another.start();
  await expect(another.page.getByRole('heading', { name: 'The server takes no session now' })).toBeVisible();
  await another.keepScreenshot('trouble-server-full');
  await studio.page.close();
  await another.expectLive();
});

test('a path that breaks is taken up again with the same session', async ({ studio }) => {
  test.slow();
  await studio.open({ sourceKind: 'demo' }, (await studio.startRelay('reconnect')).url);
  await studio.start();
  await studio.expectLive();
  await studio.expectBriefly('.chip', /Reconnecting/);
  await studio.expectBriefly('.chip', /back, same session/);
  await studio.keepScreenshot('back-same-session');
  await studio.expectLive();
});

test('a hidden page sends nothing, and goes on at once when it is seen', async ({ studio }) => {
  await studio.open({ sourceKind: 'demo' });
  await studio.start();
  await studio.expectLive();
  const show = (state: string) =>
    studio.page.evaluate((visibilityState) => {
      Object.defineProperty(document, 'visibilityState', { value: visibilityState, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  await show('hidden');
  const drawnInASecond = async (): Promise<number> => {
    await studio.drawnFrames();
    await studio.page.waitForTimeout(1000);
    return (await studio.drawnFrames()).length;
  };
  await expect.poll(drawnInASecond).toBe(0); // What was on its way when the page was hidden may still be drawn, and nothing follows.
  await show('visible');
  await expect.poll(async () => (await studio.drawnFrames()).length).toBeGreaterThan(0);
});
