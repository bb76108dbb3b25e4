/** The cameras that there are, kept current as they come and go. */

import { useEffect, useState } from 'react';
import { listCameras } from '../core/sources.ts';

/** @param revision - a change of it looks again: cameras have no names before the person has allowed one. */
export function useCameras(revision: unknown): readonly MediaDeviceInfo[] {
  const [cameras, setCameras] = useState<readonly MediaDeviceInfo[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the revision is what asks for another look.
  useEffect(() => {
    let isCurrent = true;
    const look = async (): Promise<void> => {
      const found = await listCameras();
      if (isCurrent) setCameras(found);
    };
    void look();
    navigator.mediaDevices?.addEventListener('devicechange', look);
    return () => {
      isCurrent = false;
      navigator.mediaDevices?.removeEventListener('devicechange', look);
    };
  }, [revision]);
  return cameras;
}
