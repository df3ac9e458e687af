import type { KeySpace } from '../line/key-space.js';
import { type AcquireRequest, MODE_CAPACITY } from '../line/store.js';
import { randomId } from '../util/random.js';

const YEAR_MS = 365 * 24 * 3_600_000;

/**
 * Somebody else, who holds the keys that a script says are busy, by the same rules as everybody: who holds a key keeps
 * it, and the stranger is next.
 *
 *   named ──the key is first seen in a store──► stands in the line ──it is free──► holds ──leave()──► gone
 */
export class Strangers {
  readonly session = randomId();
  /** As the application writes them. */
  private readonly wanted = new Set<string>();
  /** As the store is given them, with how they were last asked for. */
  private readonly seen = new Map<string, number>();
  private readonly requests = new Map<string, AcquireRequest>();

  constructor(private readonly space: KeySpace) {}

  take(key: string): void {
    this.wanted.add(key);
    this.look();
  }

  see(storeKeys: readonly string[], capacity?: number): void {
    for (const key of storeKeys) this.seen.set(key, capacity ?? this.seen.get(key) ?? MODE_CAPACITY);
  }

  /** The keys of the store that are this key of the application, in any namespace. */
  known(key: string): string[] {
    return [...this.seen.keys()].filter((storeKey) => userKeyOf(storeKey) === key);
  }

  /** Holds what is free, and keeps its places in the lines. */
  look(): void {
    for (const key of this.wanted) {
      for (const storeKey of this.known(key)) this.lookAt(storeKey);
    }
  }

  leave(): void {
    this.wanted.clear();
    for (const request of this.requests.values()) this.end(request);
    this.requests.clear();
  }

  private lookAt(storeKey: string): void {
    const capacity = this.seen.get(storeKey)!;
    const before = this.requests.get(storeKey);
    if (before?.capacity === capacity) return void this.space.acquire(before, this.session);
    if (before) this.end(before);
    const all = { capacity, weight: capacity, leaseMs: YEAR_MS, takesPlace: true };
    const request: AcquireRequest = { keys: [storeKey], owner: randomId(), ...all };
    this.requests.set(storeKey, request);
    this.space.acquire(request, this.session);
  }

  private end({ keys, owner }: AcquireRequest): void {
    this.space.release({ keys, owner, refuses: false, keepMs: 0 });
  }
}

/** A namespace holds no colon: the first one ends it. */
function userKeyOf(storeKey: string): string {
  return storeKey.slice(storeKey.indexOf(':') + 1);
}
