import { strict as assert } from 'node:assert';
import type { LockOptions } from '../../core/lock-options.js';
import { LockUnsupportedError } from '../../errors.js';
import type { StoreCapabilities } from '../../line/store.js';
import {
  type ContractCase,
  type ContractContext,
  contractCase,
  lackingOf,
  type Need,
} from './contract-case.js';
import { chapters } from './index.js';
import { leaving, requestFor } from './requests.js';
import { eventually } from './time.js';

/** What the contract needs of a test runner: those of jest, vitest, mocha and node:test fit. */
export interface ContractRunner {
  /** Opens a group. */
  describe: (name: string, body: () => void) => void;
  /** Registers a test. */
  it: (name: string, body: () => Promise<void>) => void;
}

/** The store under test; `capabilities`, where given, names what it refuses in the list of tests. */
export interface StoreUnderTest extends ContractContext {
  /** What the store is expected to be capable of. Default: what it says itself when it is opened. */
  readonly capabilities?: StoreCapabilities;
}

/**
 * Registers the whole contract for one store with any runner. A case that needs what the store cannot do stays in the
 * list: it then proves that the store refuses it with a LockUnsupportedError, instead of weakening it in silence.
 *
 * Cases take up to four seconds: raise a runner's limit of five.
 */
export function describeLockStore(name: string, context: StoreUnderTest, runner: ContractRunner): void {
  runner.describe(`lock store contract: ${name}`, () => {
    runner.it('is what it says it can do', () => sayingWhatItCan(context.capabilities).run(context));
    for (const [chapter, cases] of Object.entries(chapters)) {
      runner.describe(chapter, () => {
        for (const one of cases) runner.it(titleOf(one, context), () => runOrRefuse(one, context));
      });
    }
  });
}

function titleOf({ name, needs }: ContractCase, { capabilities }: StoreUnderTest): string {
  const lacking = capabilities ? lackingOf(needs, capabilities) : [];
  return lacking.length === 0 ? name : `refuses (no ${lacking.join(', no ')}): ${name}`;
}

/** Runs the case, or proves the refusal where the store lacks what it needs. */
export async function runOrRefuse(one: ContractCase, context: ContractContext): Promise<void> {
  const store = await context.open();
  const lacking = lackingOf(one.needs, store.capabilities);
  await context.close(store);
  await (lacking.length === 0 ? one : refusing(lacking)).run(context);
}

function sayingWhatItCan(expected: StoreCapabilities | undefined): ContractCase {
  return contractCase('is what it says it can do', [], async (bench) => {
    const { store } = await bench.session();
    assert(store.name !== '');
    if (expected) assert.deepEqual({ ...store.capabilities }, { ...expected });
  });
}

/** What a request asks for that needs the capability. */
const ASKING: Record<Exclude<Need, 'message' | 'ownLease'>, LockOptions> = {
  shared: { mode: 'shared' },
  permits: { permits: 2 },
  leases: { leaseTime: 5_000 },
  fairOrder: { fair: true },
};

function refusing(lacking: readonly Need[]): ContractCase {
  return contractCase(`refuses ${lacking.join(', ')}`, [], async (bench) => {
    const client = await bench.client();
    for (const need of lacking) {
      // Nobody asks for these: a store without messages looks again by itself, and a session ends what a lease would.
      if (need === 'message') await stillGranting(bench);
      else if (need === 'ownLease') await endingWithTheSession(bench);
      else await assert.rejects(client.acquire(bench.key(), ASKING[need]), LockUnsupportedError, need);
    }
  });
}

/** Whoever is silent keeps what it has for as long as its session lives, and no longer: a hold, and a place in the line. */
async function endingWithTheSession(bench: Parameters<Parameters<typeof contractCase>[2]>[0]): Promise<void> {
  const [holder, silent, next] = [await bench.session(), await bench.session(), await bench.session()];
  const key = bench.storeKey();
  const [held, first, second] = [requestFor(key), requestFor(key), requestFor(key)];
  assert.equal((await holder.acquire(held)).kind, 'held');
  assert.equal((await silent.acquire(first)).kind, 'busy');
  assert.equal((await next.acquire(second)).kind, 'busy');
  const isCalled = (): boolean => next.hints.some((hint) => 'owner' in hint && hint.owner === second.owner);
  await holder.close();
  assert.equal((await next.acquire(second)).kind, 'busy');
  await silent.close();
  await eventually('the next is called', isCalled);
  assert.equal((await next.acquire(second)).kind, 'held');
  await next.release(leaving(second));
}

async function stillGranting(bench: Parameters<Parameters<typeof contractCase>[2]>[0]): Promise<void> {
  const [a, b] = await Promise.all([bench.client(), bench.client()]);
  const key = bench.key();
  const lock = await a.acquire(key);
  const wait = b.acquire(key);
  await bench.untilWaiting(key, 1);
  await lock.release();
  await (await wait).release();
}
