import { describe, expect, it } from '@jest/globals';
import type { StoreSession } from '../../../../lib/line/store.js';
import { quorumStore } from '../../../../lib/stores/quorum/index.js';
import { memoryStore } from '../../../../lib/stores/memory/index.js';
import { systemClock } from '../../../../lib/util/clock.js';
import { requestFor } from '../../../support/open-session.js';
import type { LockStore } from '../../../../lib/line/store.js';

const context = { clock: systemClock, watchdogMs: 10_000, onHint: () => undefined };

async function whole(session: StoreSession, most = 1): Promise<string[]> {
  const keys: string[] = [];
  for (let from: string | undefined, isFirst = true; isFirst || from !== undefined; isFirst = false) {
    const page = await session.list!({ prefix: '', from, most });
    keys.push(...page.keys);
    from = page.next;
  }
  return keys;
}

/** A store whose list fails, or is missing. */
function changed(store: LockStore, list: StoreSession['list'] | undefined): LockStore {
  return {
    ...store,
    connect: async (asked) => Object.assign(await store.connect(asked), { list }),
  };
}

const failing: StoreSession['list'] = () => Promise.reject(new Error('it is down'));

/** Three stores, the first and the second of which know a key that the others do not. */
async function three(): Promise<LockStore[]> {
  const stores = [memoryStore(), memoryStore(), memoryStore()];
  for (const [index, keys] of [['a', 'b'], ['b', 'c'], ['b']].entries()) {
    const session = await stores[index]!.connect(context);
    for (const key of keys) await session.acquire(requestFor(key));
  }
  return stores;
}

describe('the list of a quorum', () => {
  it('has what any of its stores has, store by store', async () => {
    const session = await quorumStore(await three()).connect(context);
    expect(await whole(session)).toEqual(['a', 'b', 'b', 'c', 'b']);
    expect(await whole(session, 100)).toEqual(['a', 'b', 'b', 'c', 'b']);
    await session.close();
  });

  it('does without a minority that fails, and not without a majority', async () => {
    const [first, second, third] = await three();
    const stores = [changed(first!, failing), second!, third!];
    const session = await quorumStore(stores).connect(context);
    expect(await whole(session)).toEqual(['b', 'c', 'b']);
    await session.close();
    const outage = await quorumStore([stores[0]!, changed(second!, failing), third!]).connect(context);
    await expect(whole(outage)).rejects.toMatchObject({ code: 'LOCK_STORE', operation: 'list' });
    await outage.close();
  });

  it('is refused where a store has none', async () => {
    const [first, second, third] = await three();
    const session = await quorumStore([first!, second!, changed(third!, undefined)]).connect(context);
    await expect(whole(session)).rejects.toMatchObject({ code: 'LOCK_UNSUPPORTED' });
    await session.close();
    await expect(session.list!({ prefix: '', most: 1 })).rejects.toMatchObject({ code: 'LOCK_STORE' });
  });
});
