/** Says when a video element presents a new picture, and when that picture was captured. */

export interface VideoPicture {
  /** When a camera captured it, or when a clip presented it: ms on the page's clock. */
  readonly capturedMs: number;
  /** Position of the picture in the media, in s. */
  readonly mediaTimeS: number;
}

/** Calls `listener` for each picture that the video presents while the page is visible; returns how to stop that. */
export function watchPictures(video: HTMLVideoElement, listener: (picture: VideoPicture) => void): () => void {
  return 'requestVideoFrameCallback' in video ? watchByVideoFrame(video, listener) : watchByAnimationFrame(video, listener);
}

function watchByVideoFrame(video: HTMLVideoElement, listener: (picture: VideoPicture) => void): () => void {
  let handle = 0;
  const present = (nowMs: number, { captureTime, mediaTime }: VideoFrameCallbackMetadata): void => {
    handle = video.requestVideoFrameCallback(present);
    listener({ capturedMs: Math.min(captureTime ?? nowMs, performance.now()), mediaTimeS: mediaTime });
  };
  handle = video.requestVideoFrameCallback(present);
  return () => video.cancelVideoFrameCallback(handle);
}

/** For browsers without video frame callbacks: a picture is new when the video's position has moved. */
function watchByAnimationFrame(video: HTMLVideoElement, listener: (picture: VideoPicture) => void): () => void {
  let handle = 0;
  let lastTimeS = Number.NaN;
  const look = (): void => {
    handle = requestAnimationFrame(look);
    if (video.currentTime === lastTimeS || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    lastTimeS = video.currentTime;
    listener({ capturedMs: performance.now(), mediaTimeS: lastTimeS });
  };
  handle = requestAnimationFrame(look);
  return () => cancelAnimationFrame(handle);
}
