/** Draws every answered frame on a canvas, outside React: no frame causes a render. The last one of a stream goes when another begins. */

import { type RefObject, useEffect, useRef } from 'react';
import { CanvasRenderer } from '../core/renderer.ts';
import { useClient } from './client-context.ts';

export function useRenderer(canvas: RefObject<HTMLCanvasElement | null>, isMirrored: boolean): void {
  const client = useClient();
  const mirrored = useRef(isMirrored);
  mirrored.current = isMirrored;
  useEffect(() => {
    if (canvas.current === null) return;
    const renderer = new CanvasRenderer(canvas.current);
    const stopDrawing = client.onFrame((frame) => renderer.draw(frame, mirrored.current));
    const stopClearing = client.subscribe(() => {
      if (client.getState().phase === 'starting') renderer.clear();
    });
    return () => {
      stopDrawing();
      stopClearing();
    };
  }, [client, canvas]);
}
