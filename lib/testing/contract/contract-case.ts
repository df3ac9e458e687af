import type { LockStore, StoreCapabilities } from '../../line/store.js';
import { Workbench } from './workbench.js';

/** Where the contract gets its stores from. */
export interface ContractContext {
  /** A new client of the same back end and namespace. */
  open(): Promise<LockStore>;
  /** Called with each store that was opened, when its case is over. */
  close(store: LockStore): Promise<void>;
}

/** A capability that a case needs; `message` stands for `wakeUp: 'message'`, `ownLease` for `keptBy: 'lease'`. */
export type Need = 'shared' | 'permits' | 'leases' | 'fairOrder' | 'message' | 'ownLease';

/** One promise of the contract, with the steps that prove it. */
export interface ContractCase {
  /** A sentence of behaviour. */
  readonly name: string;
  /** What the store must be capable of; empty where every store has to pass. */
  readonly needs: readonly Need[];
  /** Rejects where the promise is broken. Keys are random, so that cases may share a server with anybody. */
  run(context: ContractContext): Promise<void>;
}

/** Puts a case together; afterwards everything is closed, and nothing of it may be left in the store. */
export function contractCase(
  name: string,
  needs: readonly Need[],
  steps: (bench: Workbench) => Promise<void>,
): ContractCase {
  return {
    name,
    needs,
    run: async (context) => {
      const bench = new Workbench(context);
      try {
        await steps(bench);
        await bench.endClients();
        await bench.assertNothingLeft();
      } finally {
        await bench.close();
      }
    },
  };
}

/** What the store cannot do of what the case needs. */
export function lackingOf(needs: readonly Need[], capabilities: StoreCapabilities): Need[] {
  return needs.filter((need) => {
    if (need === 'message') return capabilities.wakeUp !== 'message';
    if (need === 'ownLease') return capabilities.keptBy === 'session';
    return !capabilities[need];
  });
}
