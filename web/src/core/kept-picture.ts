/** The picture that a frame was made from, kept to be drawn with its answer. It comes from a worker a little after the frame's JPEG. */

/** One such picture. Whoever has it closes it. */
export class KeptPicture {
  /** Its pixels; null if they could not be had. Never settles once it is closed. */
  readonly bitmap: Promise<ImageBitmap | null>;
  #resolve: (bitmap: ImageBitmap | null) => void = () => undefined;
  #arrived: ImageBitmap | null = null;
  #isClosed = false;

  constructor() {
    this.bitmap = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The pixels are there. */
  arrive(bitmap: ImageBitmap | null): void {
    if (this.#isClosed) {
      bitmap?.close();
      return;
    }
    this.#arrived = bitmap;
    this.#resolve(bitmap);
  }

  close(): void {
    this.#isClosed = true;
    this.#arrived?.close();
  }
}

/** The pictures that a worker is still to send, in the order of their frames. */
export class KeptPictures {
  readonly #expected: KeptPicture[] = [];

  /** The worker has sent a frame, and its picture will follow. */
  expect(): KeptPicture {
    const picture = new KeptPicture();
    this.#expected.push(picture);
    return picture;
  }

  /** The next picture is there. */
  arrive(bitmap: ImageBitmap | null): void {
    this.#expected.shift()?.arrive(bitmap);
  }
}
