import { LockStoreError } from '../errors.js';
import type { StoreSession } from '../line/store.js';
import type { StoreClient } from './store-client.js';

export interface Question<T> {
  /** For the error. */
  readonly operation: string;
  /** How long the answer may take, in milliseconds. */
  readonly withinMs: number;
  readonly verb: (session: StoreSession) => Promise<T>;
}

/** Asks a store one thing, for so long and no longer. @throws LockStoreError where it does not answer in time */
export function askStore<T>(client: StoreClient, { operation, withinMs, verb }: Question<T>): Promise<T> {
  const { name } = client.store;
  return new Promise((resolve, reject) => {
    const timer = client.clock.setTimer(withinMs, () => {
      const text = `The lock store "${name}" did not answer within ${withinMs} ms. Check that it is up and can be reached.`;
      reject(new LockStoreError(text, { store: name, operation, isTransient: true }));
    });
    client
      .session()
      .then(verb)
      .then(resolve, (error: unknown) => reject(client.userError(error) as Error))
      .finally(() => timer.clear());
  });
}
