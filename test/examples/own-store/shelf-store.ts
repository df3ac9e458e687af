/**
 * A store of one's own: as small as one can be that keeps the contract. It lives on a shelf, a Map that stands for a server;
 * exclusive locks only, no line, and who waits asks again.
 *
 * What is one synchronous function here (`take`, `drop`, …) is one atomic step on a server: a script, a transaction, a
 * compare-and-swap. Its clock is the server's, never a client's.
 */
import {
  type AcquireReply,
  type AcquireRequest,
  type Grant,
  type KeyPage,
  type KeyView,
  type LeaseRequest,
  type ListRequest,
  type LockStore,
  LockStoreError,
  MODE_CAPACITY,
  type ReleaseRequest,
  type StoreCapabilities,
  type StoreSession,
  TOKEN_BLOCK,
} from 'nestjs-distributed-lock';

/** What stands on the shelf for a key. */
interface Hold {
  /** Empty for what remains of a `minHoldTime` after the release. */
  readonly owner: string;
  readonly token: number;
  /** In microseconds of the shelf's clock. */
  endsUs: number;
}

/** How long an owner id that was given up stays refused, in microseconds. */
const REFUSED_US = 10_000_000;
/** How long whoever waits is to wait before it asks again, in milliseconds; half of it more or less. */
const AGAIN_MS = 20;

/** The server: one for all stores that are given it. */
export class Shelf {
  readonly holds = new Map<string, Hold>();
  readonly refused = new Map<string, number>();
  lastToken = 0;

  constructor(readonly nowUs: () => number) {}

  /** The hold of a key, unless its lease has ended. */
  holdOf(key: string): Hold | undefined {
    const hold = this.holds.get(key);
    if (hold && hold.endsUs > this.nowUs()) return hold;
    this.holds.delete(key);
    return undefined;
  }
}

/** What it can. The rest is refused before anybody asks it. */
export const SHELF_CAPABILITIES: StoreCapabilities = {
  shared: false,
  permits: false,
  leases: true,
  fairOrder: false,
  wakeUp: 'poll',
};

export function shelfStore(shelf: Shelf): LockStore {
  return {
    name: 'shelf',
    capabilities: SHELF_CAPABILITIES,
    tokensTellTime: true,
    connect: () => Promise.resolve(new ShelfSession(shelf)),
  };
}

class ShelfSession implements StoreSession {
  private isClosed = false;

  constructor(private readonly shelf: Shelf) {}

  async acquire(request: AcquireRequest): Promise<AcquireReply> {
    this.checkOpen('acquire');
    const { keys, owner, takesPlace, replaces } = request;
    if (this.isRefused(owner)) return { kind: 'refused' };
    // A yield: the old owner goes in the same step.
    if (replaces !== undefined) this.drop(keys, replaces, 0);
    const isFree = (key: string): boolean => (this.shelf.holdOf(key) ?? { owner }).owner === owner;
    // Without a place it is all of them or none; else everything up to the first that is busy is taken.
    if (!takesPlace && !keys.every(isFree)) return this.busy([]);
    const grants: Grant[] = [];
    for (const key of keys) {
      if (!isFree(key)) return this.busy(grants);
      grants.push(this.take(key, request));
    }
    return { kind: 'held', grants };
  }

  async renew(leases: readonly LeaseRequest[]): Promise<readonly number[]> {
    this.checkOpen('renew');
    const nowUs = this.shelf.nowUs();
    return leases.map(({ key, owner, leaseMs }) => {
      const hold = this.shelf.holdOf(key);
      if (hold?.owner !== owner) return 0;
      // Never shorter, and never brought back.
      hold.endsUs = Math.max(hold.endsUs, nowUs + leaseMs * 1_000);
      return (hold.endsUs - nowUs) / 1_000;
    });
  }

  async release({ keys, owner, refuses, keepMs }: ReleaseRequest): Promise<void> {
    this.checkOpen('release');
    if (refuses) this.shelf.refused.set(owner, this.shelf.nowUs() + REFUSED_US);
    this.drop(keys, owner, keepMs);
  }

  async inspect(key: string): Promise<KeyView> {
    this.checkOpen('inspect');
    const hold = this.shelf.holdOf(key);
    const restMs = hold ? (hold.endsUs - this.shelf.nowUs()) / 1_000 : 0;
    const holders = hold ? [{ owner: hold.owner, token: hold.token, weight: MODE_CAPACITY, restMs }] : [];
    return { capacity: MODE_CAPACITY, holders, waiters: 0 };
  }

  async forceRelease(key: string): Promise<boolean> {
    this.checkOpen('forceRelease');
    const wasHeld = this.shelf.holdOf(key) !== undefined;
    this.shelf.holds.delete(key);
    return wasHeld;
  }

  async list({ prefix, from = '', most }: ListRequest): Promise<KeyPage> {
    this.checkOpen('list');
    const ahead = [...this.shelf.holds.keys()]
      .filter((key) => key.startsWith(prefix) && key > from)
      .toSorted();
    const looked = ahead.slice(0, most);
    const keys = looked.filter((key) => this.shelf.holdOf(key));
    return { keys, hashes: [], next: ahead.length > most ? looked.at(-1) : undefined };
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  /** The hold of its owner, who may ask as often as it likes, or a new one with a new block of tokens. */
  private take(key: string, { owner, leaseMs }: AcquireRequest): Grant {
    const nowUs = this.shelf.nowUs();
    let hold = this.shelf.holdOf(key);
    if (!hold) {
      const token = Math.max(this.shelf.lastToken + TOKEN_BLOCK, nowUs);
      this.shelf.lastToken = token;
      hold = { owner, token, endsUs: nowUs + leaseMs * 1_000 };
      this.shelf.holds.set(key, hold);
    }
    return { token: hold.token, restMs: (hold.endsUs - nowUs) / 1_000 };
  }

  /** Of a stranger, or a second time, nothing. */
  private drop(keys: readonly string[], owner: string, keepMs: number): void {
    for (const key of keys) {
      const hold = this.shelf.holdOf(key);
      if (hold?.owner !== owner) continue;
      if (keepMs > 0) {
        this.shelf.holds.set(key, { ...hold, owner: '', endsUs: this.shelf.nowUs() + keepMs * 1_000 });
      } else this.shelf.holds.delete(key);
    }
  }

  private busy(grants: readonly Grant[]): AcquireReply {
    return { kind: 'busy', grants, lookInMs: AGAIN_MS * (0.5 + Math.random()) };
  }

  private isRefused(owner: string): boolean {
    for (const [refused, untilUs] of this.shelf.refused) {
      if (untilUs <= this.shelf.nowUs()) this.shelf.refused.delete(refused);
    }
    return this.shelf.refused.has(owner);
  }

  private checkOpen(operation: string): void {
    if (!this.isClosed) return;
    const text = `The shelf was asked to ${operation} after its session was closed.`;
    throw new LockStoreError(text, { store: 'shelf', operation });
  }
}
