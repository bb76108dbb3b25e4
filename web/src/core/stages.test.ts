import { expect, test } from 'vitest';
import { SPAN_NAMES } from './spans.ts';
import { SERVER_STAGES, STAGES } from './stages.ts';
import { readVectors } from './vectors.ts';

const golden = readVectors<{ all: string[]; server: string[] }>('stages');

test('the stages are those of Python', () => {
  expect(STAGES).toEqual(golden.all);
  expect(SERVER_STAGES).toEqual(golden.server);
});

test('the spans are the stages, the two ways through the network as one', () => {
  const expected = golden.all.filter((stage) => stage !== 'network_down').map((stage) => (stage === 'network_up' ? 'network' : stage));
  expect(SPAN_NAMES).toEqual(expected);
});
