/** What the page and the capture worker tell each other. Every picture in it is transferred, so its receiver closes it. */

/** How a picture is encoded. */
export interface EncodeRequest {
  readonly boxWidthPx: number;
  readonly boxHeightPx: number;
  readonly scale: number;
  readonly quality: number;
  readonly keepPicture: boolean;
}

export type ToWorker =
  /** Encode this picture. */
  | { readonly type: 'encode'; readonly image: VideoFrame | ImageBitmap; readonly request: EncodeRequest }
  /** Read pictures from this stream, the readable side of a `MediaStreamTrackProcessor`. */
  | { readonly type: 'read_stream'; readonly readable: ReadableStream<VideoFrame> }
  /** Read pictures from this camera track (a `MediaStreamTrack`), with a processor made in the worker. */
  | { readonly type: 'read_track'; readonly track: object }
  /** Encode the next picture of the stream that arrived at `notBeforeEpochMs` (ms since 1970) or later. */
  | { readonly type: 'take'; readonly notBeforeEpochMs: number; readonly request: EncodeRequest };

export interface Encoded {
  readonly jpeg: ArrayBuffer;
  readonly widthPx: number;
  readonly heightPx: number;
}

export type FromWorker =
  | { readonly type: 'encoded'; readonly encoded: Encoded }
  /** A picture of the stream; its times are ms since 1970, because the worker's own clock starts elsewhere. */
  | {
      readonly type: 'taken';
      readonly encoded: Encoded;
      readonly capturedEpochMs: number;
      readonly arrivedEpochMs: number;
      readonly skipped: number;
    }
  /** The picture of the frame before this message, where it is kept; null if it could not be drawn. */
  | { readonly type: 'kept'; readonly bitmap: ImageBitmap | null }
  /** Whether a processor could be made for the track. */
  | { readonly type: 'reading'; readonly isReading: boolean }
  | { readonly type: 'failed'; readonly message: string };
