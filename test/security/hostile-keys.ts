import fc from 'fast-check';

/** What means something to somebody: separators, quotes, wildcards, escapes, tags, paths, and names that are taken. */
const PIECES = [
  ...Array.from(':{}%/.*?\\\'"`;-_ ,()$@#<>&|\n\t'),
  'a',
  'A',
  'é',
  'e\u0301',
  '\u{1F512}',
  'n:',
  'n%3av:',
  'v:',
  '..',
  '--',
  '}:ends',
  '}:line',
  `}:refused:${'0'.repeat(32)}`,
  '\\x00',
  '$1',
  '%2f',
  '{}',
  'zookeeper',
  'stranger',
  'distributed_lock',
  '__proto__',
  "'); DROP TABLE stranger; --",
  `1-${'0'.repeat(32)}-x-0000000001`,
] as const;

/** Keys that differ, some by very little. */
export const hostileKeys = fc.uniqueArray(
  fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
  { minLength: 2, maxLength: 5 },
);
