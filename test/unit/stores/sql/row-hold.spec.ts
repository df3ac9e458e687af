import { beforeEach, describe, expect, it } from '@jest/globals';
import type { AcquireReply, AcquireRequest } from '../../../../lib/line/store.js';
import { RowHold, type RowOutcome } from '../../../../lib/stores/sql/row-hold.js';
import type { RowLock, RowLocks, RowReply } from '../../../../lib/stores/sql/row-lock.js';
import { type ManualClock, manualClock } from '../../../../lib/testing/manual-clock.js';
import { type Deferred, deferred } from '../../../../lib/util/deferred.js';

const LEASE_MS = 9_000;
const SILENT_MS = 3_000;
const LOCKED: RowReply = { kind: 'locked', recorded: undefined };

/** A connection whose answers come when the test says so. */
class ScriptedRow implements RowLock {
  onGone: (() => void) | undefined;
  readonly asked: string[] = [];
  private readonly answers: Deferred<unknown>[] = [];

  constructor(readonly backend: number) {}

  tryLock(_: string, leaseMs: number): Promise<RowReply> {
    return this.ask(`try ${leaseMs}`) as Promise<RowReply>;
  }
  waitLock(): Promise<RowReply> {
    return this.ask('wait') as Promise<RowReply>;
  }
  keep(leaseMs: number): Promise<void> {
    return this.ask(`keep ${leaseMs}`) as Promise<void>;
  }
  end(): Promise<void> {
    this.asked.push('end');
    return Promise.resolve();
  }
  abandon(): void {
    this.asked.push('abandon');
    for (const answer of this.answers.splice(0)) answer.reject(new Error('abandoned'));
  }
  answer(value?: unknown): void {
    this.answers.shift()!.resolve(value);
  }
  private ask(what: string): Promise<unknown> {
    this.asked.push(what);
    const answer = deferred<unknown>();
    this.answers.push(answer);
    return answer.promise;
  }
}

let clock: ManualClock;
let rows: ScriptedRow[];
let ended: number[];
let isWaiting: boolean;
let records: { request: AcquireRequest; answer: Deferred<AcquireReply> }[];
let told: string[];

beforeEach(() => {
  clock = manualClock();
  rows = [];
  ended = [];
  isWaiting = true;
  records = [];
  told = [];
});

function holdOf(owner = 'o1'): RowHold {
  const locks: RowLocks = {
    open: async () => {
      const row = new ScriptedRow(rows.length + 1);
      rows.push(row);
      return row;
    },
    make: async () => void told.push('made'),
    end: async (backend) => void ended.push(backend),
    endHolder: async () => false,
    isWaiting: async () => isWaiting,
    close: async () => undefined,
  };
  const record = (request: AcquireRequest): Promise<AcquireReply> => {
    const answer = deferred<AcquireReply>();
    records.push({ request, answer });
    return answer.promise;
  };
  const onCalled = (): void => void told.push('called');
  const onGone = (): void => void told.push('gone');
  return new RowHold({ clock, locks, record, key: 'k', owner, silentMs: SILENT_MS, onCalled, onGone });
}

const settled = (): Promise<void> => clock.advanceAsync(0);
const held = (token: number): AcquireReply => ({ kind: 'held', grants: [{ token, restMs: LEASE_MS }] });

async function taken(hold: RowHold, token = 64): Promise<RowOutcome> {
  const outcome = hold.ask(LEASE_MS, true);
  await settled();
  rows.at(-1)!.answer(LOCKED);
  await settled();
  records.at(-1)!.answer.resolve(held(token));
  return outcome;
}

async function waiting(hold: RowHold): Promise<void> {
  const outcome = hold.ask(LEASE_MS, true);
  await settled();
  rows.at(-1)!.answer({ kind: 'busy', restMs: 500 });
  expect(await outcome).toEqual({ kind: 'busy', lookInMs: 500 });
  expect(hold.isWaiting).toBe(true);
}

describe('a transaction over a key', () => {
  it('holds once its row is locked and it is on record, and says so again without asking', async () => {
    const hold = holdOf();
    expect(await taken(hold)).toEqual({ kind: 'held', grant: { token: 64, restMs: LEASE_MS } });
    await clock.advanceAsync(1_000);
    expect(await hold.ask(LEASE_MS, true)).toEqual({
      kind: 'held',
      grant: { token: 64, restMs: LEASE_MS - 1_000 },
    });
    expect(rows[0]!.asked).toEqual([`try ${LEASE_MS}`]);
    expect(records).toHaveLength(1);
  });

  it('replaces on record exactly the one that stood there when it got the row', async () => {
    const hold = holdOf();
    const outcome = hold.ask(LEASE_MS, true);
    await settled();
    rows[0]!.answer({ kind: 'locked', recorded: 'dead' });
    await settled();
    expect(records[0]!.request).toMatchObject({ replaces: 'dead', takesPlace: false, keys: ['k'] });
    // Somebody else has come between: this row is not ours any more, whatever the connection says.
    records[0]!.answer.resolve({ kind: 'busy', grants: [], lookInMs: 5 });
    await settled();
    expect(rows[0]!.asked).toContain('abandon');
    expect(ended).toEqual([1]);
    rows[1]!.answer({ kind: 'locked', recorded: 'other' });
    await settled();
    expect(records[1]!.request.replaces).toBe('other');
    records[1]!.answer.resolve(held(128));
    expect(await outcome).toMatchObject({ kind: 'held', grant: { token: 128 } });
  });

  it('does not hold where its connection went while it was put on record', async () => {
    const hold = holdOf();
    const outcome = hold.ask(LEASE_MS, true);
    await settled();
    rows[0]!.answer(LOCKED);
    await settled();
    rows[0]!.onGone!();
    records[0]!.answer.resolve(held(64));
    await settled();
    expect(hold.isHeld).toBe(false);
    expect(rows).toHaveLength(2);
    await hold.end();
    expect(await outcome.catch(() => 'failed')).toBe('failed');
  });

  it('waits on its connection, is called when the row is its own, and counts its time from the look that follows', async () => {
    const hold = holdOf();
    await waiting(hold);
    await clock.advanceAsync(2_000);
    rows[0]!.answer(LOCKED);
    await clock.advanceAsync(1_000);
    expect(told).toEqual(['called']);
    const outcome = hold.ask(LEASE_MS, true);
    await settled();
    expect(rows[0]!.asked).toEqual([`try ${LEASE_MS}`, 'wait', `keep ${LEASE_MS}`]);
    records[0]!.answer.resolve(held(64));
    await settled();
    // On record is not enough: the server might have ended what was idle since the grant.
    expect(hold.isHeld).toBe(false);
    rows[0]!.answer();
    expect(await outcome).toMatchObject({ kind: 'held' });
  });

  it('answers busy from memory while it waits, without a word to the server', async () => {
    const hold = holdOf();
    await waiting(hold);
    await clock.advanceAsync(200);
    expect(await hold.ask(LEASE_MS, true)).toEqual({ kind: 'busy', lookInMs: 300 });
    expect(rows[0]!.asked).toEqual([`try ${LEASE_MS}`, 'wait']);
  });

  it('gives a wait up of which the server knows nothing any more, and begins anew', async () => {
    const hold = holdOf();
    await waiting(hold);
    isWaiting = false;
    await clock.advanceAsync(SILENT_MS);
    // Its answer might have been on the way.
    expect(hold.isWaiting).toBe(true);
    await clock.advanceAsync(SILENT_MS);
    expect(hold.isWaiting).toBe(false);
    expect(told).toEqual(['called']);
    expect(ended).toEqual([1]);
    await taken(hold);
    expect(rows).toHaveLength(2);
  });

  it('ends a wait at the server too, for what waits there does not hear its client go', async () => {
    const hold = holdOf();
    await waiting(hold);
    await hold.end();
    expect(rows[0]!.asked).toContain('abandon');
    expect(ended).toEqual([1]);
    expect(await hold.ask(LEASE_MS, true)).toEqual({ kind: 'refused' });
    expect(clock.pending).toBe(0);
  });

  it('leaves nothing locked where it is given up while its row is on the way', async () => {
    const hold = holdOf();
    const outcome = hold.ask(LEASE_MS, true).catch((error: unknown) => error);
    await settled();
    await hold.end();
    expect(rows[0]!.asked).toEqual([`try ${LEASE_MS}`, 'abandon']);
    expect(ended).toEqual([1]);
    await outcome;
    expect(records).toEqual([]);
  });

  it('makes the row where there is none, and tries again', async () => {
    const hold = holdOf();
    const outcome = hold.ask(LEASE_MS, false);
    await settled();
    rows[0]!.answer({ kind: 'missing' });
    await settled();
    expect(told).toEqual(['made']);
    expect(rows[0]!.asked).toContain('end');
    rows[1]!.answer({ kind: 'busy', restMs: Infinity });
    expect(await outcome).toEqual({ kind: 'busy', lookInMs: Infinity });
    expect(rows[1]!.asked).toContain('end');
  });

  it('is gone, and tells so, when its connection goes or its lease ends', async () => {
    const [first, second] = [holdOf('o1'), holdOf('o2')];
    await taken(first);
    rows[0]!.onGone!();
    expect(told).toEqual(['gone']);
    expect(await first.renew(LEASE_MS)).toBe(0);
    await taken(second);
    await clock.advanceAsync(LEASE_MS);
    expect(second.isHeld).toBe(false);
    expect(rows[1]!.asked).toContain('abandon');
    expect(clock.pending).toBe(0);
  });

  it('is believed as long as the last answered renewal says, counted from when it was sent', async () => {
    const hold = holdOf();
    await taken(hold);
    await clock.advanceAsync(3_000);
    const late = hold.renew(LEASE_MS);
    await clock.advanceAsync(400);
    rows[0]!.answer();
    expect(await late).toBe(LEASE_MS);
    // Unanswered: the others of the batch need not wait, and nothing is lengthened.
    const silent = hold.renew(LEASE_MS);
    await clock.advanceAsync(LEASE_MS / 4);
    expect(await silent).toBe(LEASE_MS - 400);
    expect(hold.isHeld).toBe(true);
  });

  it('keeps its row for a while after its owner has left, without another word', async () => {
    const hold = holdOf();
    await taken(hold);
    const kept = hold.keepFor(700);
    await settled();
    rows[0]!.answer();
    await kept;
    expect(rows[0]!.asked.at(-1)).toBe('keep 700');
    await clock.advanceAsync(699);
    expect(rows[0]!.asked).not.toContain('end');
    await clock.advanceAsync(1);
    expect(rows[0]!.asked).toContain('end');
  });
});
