import { expect, test } from 'vitest';
import { placeOf, SERVER_STAGES, STAGES } from './stages.ts';
import { readVectors } from './vectors.ts';

const golden = readVectors<{ all: string[]; server: string[] }>('stages');

test('the stages are those of Python', () => {
  expect(STAGES).toEqual(golden.all);
  expect(SERVER_STAGES).toEqual(golden.server);
});

test('each stage has its place, and a frame goes from page to server and back', () => {
  const places = STAGES.map(placeOf);
  const turns = places.filter((place, index) => place !== places[index - 1]);
  expect(turns).toEqual(['page', 'network', 'server', 'network', 'page']);
});
