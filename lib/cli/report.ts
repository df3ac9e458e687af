import { type KeyView, type LockStore, MODE_CAPACITY } from '../line/store.js';

/** A key, as the commands tell of it: the words of `LockService.inspect`, and since when. */
export interface KeyReport {
  readonly key: string;
  readonly holders: readonly HolderReport[];
  readonly waiters: number;
}

export interface HolderReport {
  /** Empty for what remains of a `minHoldTime` after the release. */
  readonly owner: string;
  readonly fencingToken: number;
  readonly mode: 'exclusive' | 'shared';
  readonly weight: number;
  /** Of a semaphore: how many it has. */
  readonly permits?: number;
  readonly remainingMs: number;
  /** When it was granted by the store's clock, in UTC; left out where the store's tokens do not tell. */
  readonly since?: string;
}

export function reportOf(store: LockStore, key: string, { capacity, holders, waiters }: KeyView): KeyReport {
  const isMode = capacity === MODE_CAPACITY;
  return {
    key,
    holders: holders.map(({ owner, token, weight, restMs }) => ({
      owner,
      fencingToken: token,
      mode: weight >= capacity ? 'exclusive' : 'shared',
      weight: isMode ? 1 : weight,
      ...(isMode ? {} : { permits: capacity }),
      remainingMs: Math.round(restMs),
      ...(store.tokensTellTime ? { since: timeOf(token) } : {}),
    })),
    waiters,
  };
}

export function isInUse({ holders, waiters }: KeyReport): boolean {
  return holders.length > 0 || waiters > 0;
}

/** Such a token is the server's clock at the grant, in microseconds, or a little more. */
function timeOf(token: number): string {
  return new Date(token / 1_000).toISOString();
}
