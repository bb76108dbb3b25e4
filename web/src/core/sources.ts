/** Where pictures come from: a camera, the built-in demo clip, or a video file. */

import { ClientError } from './errors.ts';

/** A source that plays. */
export interface FrameSource {
  readonly kind: 'camera' | 'demo' | 'file';
  /** Its name for a person. */
  readonly label: string;
  /** A muted element that plays it. */
  readonly video: HTMLVideoElement;
  /** The camera's track; null for a clip. */
  readonly track: MediaStreamTrack | null;
  /** Asks a camera for a resolution near this; a clip has the one that it has. */
  resize(widthPx: number, heightPx: number): void;
  /** Frees the camera or the file. */
  stop(): void;
}

/** What a source is to be. */
export type SourceRequest =
  | { readonly kind: 'camera'; readonly deviceId: string | null }
  | { readonly kind: 'demo' }
  | { readonly kind: 'file'; readonly file: File };

export interface SourceOptions {
  /** The camera's resolution is chosen near this. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Called at most once, when the source ends by itself. */
  readonly onLost: (error: ClientError) => void;
}

export const DEMO_URL = '/demo/hands.webm';

/**
 * Opens a source and plays it.
 *
 * @throws ClientError that says why it cannot be had.
 */
export function openSource(request: SourceRequest, options: SourceOptions): Promise<FrameSource> {
  switch (request.kind) {
    case 'camera':
      return openCamera(request.deviceId, options);
    case 'demo':
      return openClip({ kind: 'demo', label: 'Demo clip', url: DEMO_URL, release: () => undefined }, options);
    case 'file': {
      const url = URL.createObjectURL(request.file);
      return openClip({ kind: 'file', label: request.file.name, url, release: () => URL.revokeObjectURL(url) }, options);
    }
  }
}

/** The cameras that there are. Their labels are empty until the person has allowed the camera once. */
export async function listCameras(): Promise<MediaDeviceInfo[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter((device) => device.kind === 'videoinput');
}

/** Calls back once, when a camera that is not there is plugged in again; returns how to stop waiting. */
export function whenCameraIsBack(deviceId: string | null, onBack: () => void): () => void {
  const { mediaDevices } = navigator;
  const look = async (): Promise<void> => {
    const cameras = await listCameras();
    if (!cameras.some((camera) => deviceId === null || camera.deviceId === deviceId)) return;
    if (isWaiting) onBack();
    stop();
  };
  let isWaiting = true;
  const stop = (): void => {
    isWaiting = false;
    mediaDevices.removeEventListener('devicechange', look);
  };
  mediaDevices.addEventListener('devicechange', look);
  return stop;
}

async function openCamera(deviceId: string | null, options: SourceOptions): Promise<FrameSource> {
  const stream = await requestCamera(deviceId, options);
  const [track] = stream.getVideoTracks();
  if (track === undefined) throw new ClientError('no_camera');
  track.contentHint = 'motion';
  track.onended = () => options.onLost(new ClientError('camera_unplugged'));
  const stop = (): void => {
    track.onended = null;
    track.stop();
  };
  const video = mutedVideo();
  video.srcObject = stream;
  await play(video, () => new ClientError('camera_failed', video.error?.message), stop);
  const resize = (widthPx: number, heightPx: number): void => {
    // A camera that refuses keeps its resolution, and the capture scales its pictures.
    track.applyConstraints(sizeConstraints(widthPx, heightPx)).catch(() => undefined);
  };
  return { kind: 'camera', label: track.label || 'Camera', video, track, resize, stop };
}

async function requestCamera(deviceId: string | null, { widthPx, heightPx }: SourceOptions): Promise<MediaStream> {
  if (!globalThis.isSecureContext) throw new ClientError('insecure_origin');
  if (navigator.mediaDevices?.getUserMedia === undefined) throw new ClientError('unsupported_browser', 'it has no camera access');
  const video: MediaTrackConstraints = {
    ...sizeConstraints(widthPx, heightPx),
    ...(deviceId === null ? { facingMode: 'user' } : { deviceId: { exact: deviceId } }),
  };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    throw cameraError(error);
  }
}

function sizeConstraints(widthPx: number, heightPx: number): MediaTrackConstraints {
  return { width: { ideal: widthPx }, height: { ideal: heightPx }, frameRate: { ideal: 30 } };
}

/** The browser's error in our words, by the names that the Media Capture standard gives them. */
export function cameraError(error: unknown): ClientError {
  const { name, message } = error as DOMException;
  const options = { cause: error };
  switch (name) {
    case 'NotFoundError':
    case 'OverconstrainedError': // The chosen camera is not there any more.
      return new ClientError('no_camera', undefined, options);
    case 'NotAllowedError':
      return new ClientError('permission_refused', undefined, options);
    case 'NotReadableError':
    case 'AbortError':
      return new ClientError('camera_busy', undefined, options);
    case 'SecurityError':
      return new ClientError('insecure_origin', undefined, options);
    default:
      return new ClientError('camera_failed', message, options);
  }
}

interface Clip {
  readonly kind: 'demo' | 'file';
  readonly label: string;
  readonly url: string;
  readonly release: () => void;
}

async function openClip({ kind, label, url, release }: Clip, { onLost }: SourceOptions): Promise<FrameSource> {
  const code = kind === 'demo' ? 'demo_missing' : 'video_unplayable';
  const video = mutedVideo();
  video.loop = true;
  video.src = url;
  const stop = (): void => {
    video.onerror = null;
    video.removeAttribute('src');
    video.load();
    release();
  };
  await play(video, () => new ClientError(code), stop);
  video.onerror = () => onLost(new ClientError('video_unplayable', video.error?.message));
  return { kind, label, video, track: null, resize: () => undefined, stop };
}

function mutedVideo(): HTMLVideoElement {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  return video;
}

/** Plays the video until its first picture is there; where that fails, frees the source. */
async function play(video: HTMLVideoElement, errorOf: () => ClientError, free: () => void): Promise<void> {
  try {
    await video.play();
    if (video.videoWidth === 0) throw new Error('a video without a picture');
  } catch (error) {
    const clientError = errorOf();
    clientError.cause = error;
    free();
    throw clientError;
  }
}
