/** From an answer to what is drawn: the annotated JPEG decoded, or the very frame that the landmarks belong to. */

import type { KeptPicture } from './kept-picture.ts';
import type { Result } from './wire.ts';

/**
 * The picture to draw, or null where there is none. Either way `kept` is used up: it is returned, or closed.
 *
 * @param kept - the pixels of the frame that was sent, if they were kept.
 */
export async function unpackPicture(result: Result, kept: KeptPicture | null): Promise<ImageBitmap | null> {
  if (result.image === null) return kept?.bitmap ?? null;
  kept?.close();
  try {
    return await createImageBitmap(new Blob([result.image], { type: 'image/jpeg' }));
  } catch {
    return null; // A damaged picture is passed over; the next one is a few milliseconds away.
  }
}
