import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import type { StoreSession } from '../../line/store.js';
import { randomId } from '../../util/random.js';
import { contractCase } from './contract-case.js';
import { leaving, requestFor } from './requests.js';
import { NAMESPACE, type Workbench } from './workbench.js';
import { grantsOf } from './verbs.js';

interface Listed {
  readonly keys: readonly string[];
  readonly hashes: readonly string[];
  readonly pages: number;
}

/** A back end that is searched for keys must not be searched for ever. */
const MOST_PAGES = 20_000;

/** What all pages tell; undefined of a store without a list. */
async function listed(session: StoreSession, prefix: string, most = 500): Promise<Listed | undefined> {
  if (!session.list) return undefined;
  const keys = new Set<string>();
  const hashes = new Set<string>();
  let from: string | undefined;
  for (let pages = 1; pages <= MOST_PAGES; pages++) {
    const page = await session.list({ prefix, from, most });
    page.keys.forEach((key) => keys.add(key));
    page.hashes.forEach((hash) => hashes.add(hash));
    from = page.next;
    if (from === undefined) return { keys: [...keys].toSorted(), hashes: [...hashes], pages };
  }
  throw new Error(`the list has more than ${MOST_PAGES} pages`);
}

/** Holds keys that begin with a mark of their own, tells what they begin with, and gives them back. */
async function whileHeld(
  bench: Workbench,
  labels: readonly string[],
  look: (session: StoreSession, prefix: string, keys: readonly string[]) => Promise<void>,
): Promise<void> {
  const [holder, other] = [await bench.session(), await bench.session()];
  const mark = `list-${randomId()}`;
  const requests = labels.map((label) => requestFor(bench.storeKey(`${mark}${label}`)));
  for (const request of requests) grantsOf(await holder.acquire(request));
  const keys = requests.map((request) => request.keys[0]!).toSorted();
  await look(other, `${NAMESPACE}:${mark}`, keys);
  for (const request of requests) await holder.release(leaving(request));
}

/** Which keys there are, told page by page; a store that has no list has nothing to prove here. */
export const listing = [
  contractCase('lists the keys that are held, whoever holds them, and no others', [], async (bench) => {
    await whileHeld(bench, ['a', 'b', 'c'], async (session, prefix, keys) => {
      const found = await listed(session, prefix);
      if (!found) return;
      assert.deepEqual(found.keys, keys);
      assert.deepEqual((await listed(session, keys[1]!))?.keys, [keys[1]]);
      assert.deepEqual((await listed(session, `${prefix}-nobody`))?.keys, []);
      assert((await listed(session, ''))!.keys.includes(keys[0]!), 'an empty beginning is that of every key');
    });
  }),

  contractCase('lists keys as they were given, and takes a beginning to the letter', [], async (bench) => {
    const strange = [
      '*',
      '?[a]',
      '\\',
      '%',
      '_',
      ' ',
      '{}',
      '}',
      'É',
      '🔒',
      '\'"`;--',
      '/..',
      '\u0001\n',
      ':who',
    ];
    await whileHeld(bench, strange, async (session, prefix, keys) => {
      const found = await listed(session, prefix);
      if (!found) return;
      assert.deepEqual(found.keys, keys);
      for (const label of strange) {
        const expected = keys.filter((key) => key.startsWith(prefix + label));
        assert.deepEqual((await listed(session, prefix + label))?.keys, expected, JSON.stringify(label));
      }
    });
  }),

  contractCase('goes on from page to page, however small they are', [], async (bench) => {
    const labels = Array.from({ length: 9 }, (_, index) => String(index));
    await whileHeld(bench, labels, async (session, prefix, keys) => {
      for (const most of [1, 2, 9]) {
        const found = await listed(session, prefix, most);
        if (!found) return;
        assert.deepEqual(found.keys, keys);
        if (most < 9) assert(found.pages > 1, `${keys.length} keys on one page of ${most}`);
      }
    });
  }),

  contractCase('lists the longest keys by their names, or by their hash', [], async (bench) => {
    await whileHeld(bench, ['x'.repeat(900), 'é'.repeat(400)], async (session, prefix, keys) => {
      const found = await listed(session, prefix);
      if (!found) return;
      for (const key of keys) {
        const hash = createHash('sha256').update(key).digest('hex');
        assert(found.keys.includes(key) || found.hashes.includes(hash), 'a long key is missing');
      }
    });
  }),

  contractCase(
    'lists a key that nobody holds while somebody is called to it',
    ['fairOrder'],
    async (bench) => {
      const [a, b] = [await bench.session(), await bench.session()];
      const key = bench.storeKey();
      const [held, next] = [requestFor(key), requestFor(key)];
      grantsOf(await a.acquire(held));
      assert.equal((await b.acquire(next)).kind, 'busy');
      await a.release(leaving(held));
      const found = await listed(a, key);
      if (found) assert.deepEqual(found.keys, [key]);
      await b.release(leaving(next));
    },
  ),
];
