import type {
  AcquireReply,
  AcquireRequest,
  Grant,
  KeyPage,
  KeyView,
  LeaseRequest,
  ListRequest,
  ReleaseRequest,
  SessionContext,
  StoreSession,
} from '../../line/store.js';
import { isLockError } from '../../errors.js';
import { MODE_CAPACITY, REFUSED_MS } from '../../line/store.js';
import type { Timer } from '../../util/clock.js';
import { RowHold } from './row-hold.js';
import type { RowLocks } from './row-lock.js';
import { NoRoom, SessionClosed, type Speaker, storeErrorOf } from './sql-errors.js';
import { TRANSACTION_CAPACITY } from './strategy.js';

export interface TransactionSessionParts {
  readonly context: SessionContext;
  /** The leases of the same table: what is on record of the transactions. */
  readonly records: StoreSession & Required<Pick<StoreSession, 'list'>>;
  readonly locks: RowLocks;
  readonly speaker: Speaker;
  /** In milliseconds. */
  readonly silentMs: number;
}

/** Each is a connection to the server, which has a hundred or so for everybody. */
export const MOST_TRANSACTIONS = 50;

/** Of one owner: its transactions, by key. */
type Claim = Map<string, RowHold>;

/**
 * The other strategy of the SQL stores: the row of a key is locked by a transaction that stays open while the key is held.
 * Exclusive only, in whatever order the database serves those who wait; one connection for each key that is held or waited for.
 */
export class TransactionSession implements StoreSession {
  private readonly claims = new Map<string, Claim>();
  /** What remains of a `minHoldTime`, under no owner. */
  private readonly kept = new Set<RowHold>();
  private readonly refused = new Map<string, Timer>();
  private isClosed = false;

  constructor(private readonly parts: TransactionSessionParts) {}

  async acquire(request: AcquireRequest): Promise<AcquireReply> {
    const { keys, owner, leaseMs, takesPlace, replaces } = request;
    this.checkOpen('acquire', keys);
    if (replaces !== undefined) await this.release({ keys, owner: replaces, refuses: false, keepMs: 0 });
    const grants: Grant[] = [];
    for (const key of keys) {
      if (this.refused.has(owner)) return { kind: 'refused' };
      const outcome = await this.ask(this.holdOf(owner, key), { key, leaseMs, takesPlace });
      if (outcome.kind === 'held') grants.push(outcome.grant);
      else if (outcome.kind === 'refused') return outcome;
      else if (takesPlace) return { ...outcome, grants };
      else {
        await this.release({ keys, owner, refuses: false, keepMs: 0 });
        return { ...outcome, grants: [] };
      }
    }
    return { kind: 'held', grants };
  }

  async renew(leases: readonly LeaseRequest[]): Promise<readonly number[]> {
    this.checkOpen(
      'renew',
      leases.map(({ key }) => key),
    );
    const holds = leases.map(({ owner, key }) => this.claims.get(owner)?.get(key));
    const held = leases.filter((_, index) => holds[index]?.isHeld);
    const rows = holds.map(async (hold, index) => hold?.renew(leases[index]!.leaseMs) ?? 0);
    const [onRecord, rests] = await Promise.all([this.parts.records.renew(held), Promise.all(rows)]);
    return leases.map((lease, index) => {
      const at = held.indexOf(lease);
      // Ended on record by force: then the transaction goes too.
      if (at >= 0 && onRecord[at] === 0)
        void this.release({ keys: [lease.key], owner: lease.owner, refuses: false, keepMs: 0 });
      return at < 0 ? 0 : Math.min(onRecord[at]!, rests[index]!);
    });
  }

  async release({ keys, owner, refuses, keepMs }: ReleaseRequest): Promise<void> {
    this.checkOpen('release', keys);
    if (refuses) this.refuse(owner);
    const claim = this.claims.get(owner);
    const holds = keys.flatMap((key) => claim?.get(key) ?? []);
    for (const key of keys) claim?.delete(key);
    if (claim?.size === 0) this.claims.delete(owner);
    const isKept = keepMs > 0;
    await Promise.all(holds.map((hold) => (isKept && hold.isHeld ? this.keep(hold, keepMs) : hold.end())));
    if (refuses || holds.some(({ wasRecorded }) => wasRecorded)) {
      await this.parts.records.release({ keys, owner, refuses, keepMs });
    }
  }

  async inspect(key: string): Promise<KeyView> {
    const view = await this.parts.records.inspect(key);
    if (view.capacity !== TRANSACTION_CAPACITY && view.holders.length > 0) return view;
    const holders = view.holders.map((holder) => ({ ...holder, weight: MODE_CAPACITY }));
    return { capacity: MODE_CAPACITY, holders, waiters: view.waiters };
  }

  /** Of what is on record: who holds. Who waits stands in a line of the database's own. */
  list(request: ListRequest): Promise<KeyPage> {
    return this.parts.records.list(request);
  }

  async forceRelease(key: string): Promise<boolean> {
    const wasOnRecord = await this.parts.records.forceRelease(key);
    try {
      return (await this.parts.locks.endHolder(key)) || wasOnRecord;
    } catch (cause) {
      throw this.failure('forceRelease', [key], cause);
    }
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    const holds = [...[...this.claims.values()].flatMap((claim) => [...claim.values()]), ...this.kept];
    this.isClosed = true;
    for (const timer of this.refused.values()) timer.clear();
    const ended = Promise.all(holds.map((hold) => hold.end()));
    const { clock } = this.parts.context;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(FAREWELL_MS, resolve);
      void ended.then(() => {
        timer.clear();
        resolve();
      });
    });
    await Promise.all([this.parts.locks.close(), this.parts.records.close()]);
  }

  private async ask(
    hold: RowHold,
    { key, leaseMs, takesPlace }: { key: string; leaseMs: number; takesPlace: boolean },
  ): ReturnType<RowHold['ask']> {
    try {
      return await hold.ask(leaseMs, takesPlace);
    } catch (cause) {
      throw this.failure('acquire', [key], cause);
    }
  }

  private holdOf(owner: string, key: string): RowHold {
    let claim = this.claims.get(owner);
    if (!claim) {
      claim = new Map();
      this.claims.set(owner, claim);
    }
    let hold = claim.get(key);
    if (!hold) {
      this.checkRoom(key);
      hold = this.newHold(owner, key);
      claim.set(key, hold);
    }
    return hold;
  }

  private newHold(owner: string, key: string): RowHold {
    const { context, locks, records, silentMs } = this.parts;
    return new RowHold({
      clock: context.clock,
      locks,
      record: (request) => records.acquire(request),
      key,
      owner,
      silentMs,
      onCalled: () => this.isClosed || context.onHint({ kind: 'called', owner }),
      onGone: () => this.isClosed || context.onHint({ kind: 'gone', owner }),
    });
  }

  private async keep(hold: RowHold, keepMs: number): Promise<void> {
    for (const one of this.kept) if (!one.isHeld) this.kept.delete(one);
    this.kept.add(hold);
    await hold.keepFor(keepMs);
  }

  private refuse(owner: string): void {
    this.refused.get(owner)?.clear();
    const forget = (): void => void this.refused.delete(owner);
    this.refused.set(owner, this.parts.context.clock.setTimer(REFUSED_MS, forget, { isBackground: true }));
  }

  private checkRoom(key: string): void {
    const open = [...this.claims.values()].reduce((sum, claim) => sum + claim.size, this.kept.size);
    if (open < MOST_TRANSACTIONS) return;
    const text = `all ${MOST_TRANSACTIONS} connections for transactions are in use: each key that is held or waited for needs one`;
    throw this.failure('acquire', [key], new NoRoom(text));
  }

  private checkOpen(operation: string, keys: readonly string[]): void {
    if (this.isClosed) throw this.failure(operation, keys, new SessionClosed());
  }

  private failure(operation: string, keys: readonly string[], cause: unknown): Error {
    if (isLockError(cause)) return cause;
    return storeErrorOf(this.parts.speaker, {
      operation,
      keys,
      cause: this.isClosed ? new SessionClosed() : cause,
    });
  }
}

/** How long closing waits for the transactions to end. */
const FAREWELL_MS = 500;
