/** The canvas with the newest answered frame. */

import { type ReactNode, useRef } from 'react';
import { useRenderer } from './use-renderer.ts';

export function LivePicture({ isMirrored }: { readonly isMirrored: boolean }): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useRenderer(canvas, isMirrored);
  return <canvas ref={canvas} className="picture" role="img" aria-label="The picture with the skeleton of each hand" />;
}
