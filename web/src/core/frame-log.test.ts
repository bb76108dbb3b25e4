import { expect, test } from 'vitest';
import { FrameLog, type FrameRecord, LOG_FRAMES } from './frame-log.ts';

const record = (sequence: number) => ({ sequence }) as FrameRecord;

test('keeps the newest frames, oldest first, and never more than it says', () => {
  const log = new FrameLog();
  for (let sequence = 0; sequence < 5 * LOG_FRAMES; sequence += 1) {
    log.add(record(sequence));
    expect(log.newest(1e9).length).toBe(Math.min(sequence + 1, LOG_FRAMES));
  }
  expect(log.added).toBe(5 * LOG_FRAMES);
  expect(log.newest(3).map(({ sequence }) => sequence)).toEqual([2997, 2998, 2999]);
  expect(log.newest(0)).toEqual([]);
});
