import { expect, it } from '@jest/globals';
import { readOptions } from '../../../bench/options.js';

it('asks for everything where nothing is said', () => {
  expect(readOptions([])).toEqual({
    only: [],
    libraries: [],
    rounds: undefined,
    turnMs: undefined,
    json: undefined,
    isQuick: false,
    seed: 1,
  });
});

it('reads lists, and seconds as milliseconds', () => {
  const args = ['--only', 'a,b', '--libraries', 'ours', '--rounds', '3', '--seconds', '0.5', '--seed', '9'];
  expect(readOptions([...args, '--quick', '--json', 'x.json'])).toEqual({
    only: ['a', 'b'],
    libraries: ['ours'],
    rounds: 3,
    turnMs: 500,
    json: 'x.json',
    isQuick: true,
    seed: 9,
  });
});

it('says what is wrong', () => {
  expect(() => readOptions(['--seconds', 'many'])).toThrow(
    '--seconds is "many"; it must be a number above 0.',
  );
  expect(() => readOptions(['--rounds', '0'])).toThrow(/above 0/);
  expect(() => readOptions(['--fast'])).toThrow(/--fast/);
});
