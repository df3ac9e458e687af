import { describe, expect, it } from '@jest/globals';
import type { LockStore, StoreCapabilities } from '../../../../lib/line/store.js';
import { memoryStore } from '../../../../lib/stores/memory/index.js';
import { contractCase, lackingOf } from '../../../../lib/testing/contract/contract-case.js';
import { describeLockStore, runOrRefuse } from '../../../../lib/testing/contract/describe-lock-store.js';
import { requestFor } from '../../../../lib/testing/contract/requests.js';
import { type ContractContext, lockStoreContract } from '../../../../lib/testing/index.js';

const NOTHING: StoreCapabilities = {
  shared: false,
  permits: false,
  leases: false,
  fairOrder: false,
  keptBy: 'session',
  wakeUp: 'poll',
};

function contextOf(store: LockStore): ContractContext & { opened: number } {
  const context = {
    opened: 0,
    open: async () => {
      context.opened++;
      return store;
    },
    close: async () => void context.opened--,
  };
  return context;
}

const able = (capabilities: StoreCapabilities): LockStore => {
  const { name, connect } = memoryStore();
  return { name, capabilities, connect };
};

/** A test runner that only writes down. */
function paperRunner() {
  const written: { name: string; body: () => Promise<void> }[] = [];
  const describeIt = (_: string, body: () => void): void => body();
  return {
    written,
    describe: describeIt,
    it: (name: string, body: () => Promise<void>) => void written.push({ name, body }),
  };
}

describe('lockStoreContract', () => {
  it('names every case once, in a sentence, with what it needs', () => {
    const names = lockStoreContract.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, needs } of lockStoreContract) {
      expect(name).toMatch(/^[a-z].* .*[a-z0-9]$/i);
      expect(lackingOf(needs, NOTHING)).toEqual(needs);
    }
  });

  it('asks of a store that can do nothing special half of its cases', () => {
    const forAll = lockStoreContract.filter(({ needs }) => needs.length === 0);
    expect(forAll.length).toBeGreaterThan(lockStoreContract.length / 3);
  });
});

describe('describeLockStore', () => {
  it('registers every case, whatever the store can do', () => {
    const runner = paperRunner();
    describeLockStore('any', contextOf(memoryStore()), runner);
    const names = runner.written.map(({ name }) => name);
    expect(names).toEqual(['is what it says it can do', ...lockStoreContract.map(({ name }) => name)]);
  });

  it('names what a store refuses where it is known before', () => {
    const runner = paperRunner();
    const capabilities = { ...NOTHING, leases: true };
    describeLockStore('poor', { ...contextOf(able(capabilities)), capabilities }, runner);
    const names = runner.written.map(({ name }) => name);
    expect(names).toHaveLength(lockStoreContract.length + 1);
    expect(names).toContain('refuses (no permits): counts the weight of each request');
    expect(names).toContain('tells what is left of a lease');
    expect(names.filter((name) => name.startsWith('refuses (no '))).toHaveLength(
      lockStoreContract.filter(({ needs }) => lackingOf(needs, capabilities).length > 0).length,
    );
  });

  it('fails where a store is not capable of what was said', async () => {
    const runner = paperRunner();
    describeLockStore(
      'liar',
      { ...contextOf(able(NOTHING)), capabilities: { ...NOTHING, shared: true } },
      runner,
    );
    await expect(runner.written[0]!.body()).rejects.toThrow(/deep-equal/);
  });

  it('runs a case on clients that are closed afterwards', async () => {
    const runner = paperRunner();
    const context = contextOf(memoryStore());
    describeLockStore('memory', context, runner);
    await runner.written.find(({ name }) => name.startsWith('counts the weight'))!.body();
    expect(context.opened).toBe(0);
  });
});

describe('a case that needs what the store cannot do', () => {
  const steps = (): Promise<void> => Promise.reject(new Error('It ran.'));

  it.each(['shared', 'permits', 'leases', 'fairOrder', 'message'] as const)(
    'is a refusal: %s',
    async (need) => {
      const context = contextOf(able(NOTHING));
      await runOrRefuse(contractCase('cannot be', [need], steps), context);
      expect(context.opened).toBe(0);
    },
  );

  it('fails where the store grants what it said it could not', async () => {
    let reads = 0;
    const { name, connect } = memoryStore();
    const wavering: LockStore = {
      name,
      connect,
      get capabilities() {
        return { ...NOTHING, permits: reads++ > 0 };
      },
    };
    await expect(
      runOrRefuse(contractCase('cannot be', ['permits'], steps), contextOf(wavering)),
    ).rejects.toThrow(/Missing expected rejection/);
  });

  it('fails where a store says that its sessions keep what they hold, and they do not', async () => {
    const store = able({ ...memoryStore().capabilities, keptBy: 'session' });
    await expect(
      runOrRefuse(contractCase('cannot be', ['ownLease'], steps), contextOf(store)),
    ).rejects.toThrow(/never came true that the next is called/);
  });

  it('runs where the store can', async () => {
    const one = contractCase('can be', ['permits'], steps);
    await expect(runOrRefuse(one, contextOf(memoryStore()))).rejects.toThrow('It ran.');
  });
});

describe('contractCase', () => {
  it('fails where a hold is left, and closes all the same', async () => {
    const context = contextOf(memoryStore());
    const forgetful = contractCase('forgets to release', [], async (bench) => {
      await (await bench.session()).acquire(requestFor(bench.storeKey()));
    });
    await expect(forgetful.run(context)).rejects.toThrow(/left without holders and waiters/);
    expect(context.opened).toBe(0);
  });

  it('fails where a waiter is left', async () => {
    const context = contextOf(memoryStore());
    const forgetful = contractCase('forgets to withdraw', [], async (bench) => {
      const session = await bench.session();
      const key = bench.storeKey();
      await session.acquire(requestFor(key, { leaseMs: 60 }));
      await session.acquire(requestFor(key, { leaseMs: 60 }));
    });
    await expect(forgetful.run(context)).rejects.toThrow(/left without holders and waiters/);
  });

  it('tells why it failed, and closes what it opened', async () => {
    const context = contextOf(memoryStore());
    const failing = contractCase('fails', [], async (bench) => {
      const client = await bench.client();
      await client.acquire(bench.key());
      throw new Error('its own reason');
    });
    await expect(failing.run(context)).rejects.toThrow('its own reason');
    expect(context.opened).toBe(0);
  });
});
