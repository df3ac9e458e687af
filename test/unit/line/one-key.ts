import { emptyState, type KeyState } from '../../../lib/line/key-state.js';
import { MODE_CAPACITY } from '../../../lib/line/store.js';
import * as line from '../../../lib/line/transition.js';

/** One key at a server whose clock the test moves. */
export class OneKey {
  state: KeyState = emptyState();
  nowUs = 1_000_000;
  /** Owners in the order of the messages to them, since last read. */
  private calls: line.Call[] = [];

  at(ms: number): this {
    this.nowUs = 1_000_000 + ms * 1000;
    return this;
  }

  pass(ms: number): this {
    this.nowUs += ms * 1000;
    return this;
  }

  acquire(owner: string, changes: Partial<line.KeyRequest> = {}): line.KeyReply {
    return line.acquire(this.transition(), requestOf(owner, changes));
  }

  wouldHold(owner: string, changes: Partial<line.KeyRequest> = {}): boolean {
    return line.wouldHold(this.transition(), requestOf(owner, changes));
  }

  renew(owner: string, leaseMs: number): number {
    return line.renew(this.transition(), owner, leaseMs);
  }

  release(owner: string, { refuses = false, keepMs = 0 } = {}): void {
    line.release(this.transition(), { owner, refuses, keepMs });
  }

  forceRelease(): boolean {
    return line.forceRelease(this.transition());
  }

  sweep(): void {
    line.pass(this.transition());
  }

  inspect(): ReturnType<typeof line.inspect> {
    return line.inspect(this.transition());
  }

  get isForgettable(): boolean {
    return line.isForgettable(this.transition());
  }

  get holders(): string[] {
    return this.state.holders.map(({ owner }) => owner);
  }

  /** In order of arrival. */
  get waiting(): string[] {
    return this.state.line.map(({ owner }) => owner);
  }

  get called(): string[] {
    return this.state.line.filter(({ calledUs }) => calledUs !== undefined).map(({ owner }) => owner);
  }

  get asleep(): string[] {
    return this.state.line.filter(({ isAsleep }) => isAsleep).map(({ owner }) => owner);
  }

  /** The messages since this was last asked: `called b`. */
  messages(): string[] {
    const { calls } = this;
    this.calls = [];
    return calls.map(({ kind, owner }) => `${kind} ${owner}`);
  }

  /** Everything that is known of the key, as text. */
  get text(): string {
    return textOf(this.state);
  }

  /** The state as it is now, untouched by what comes. */
  snapshot(): KeyState {
    const { state } = this;
    return {
      ...state,
      holders: state.holders.map((holder) => ({ ...holder })),
      line: state.line.map((waiter) => ({ ...waiter })),
      refused: new Map(state.refused),
    };
  }

  private transition(): line.Transition {
    return { state: this.state, nowUs: this.nowUs, calls: this.calls };
  }
}

export function textOf(state: KeyState): string {
  return JSON.stringify({ ...state, refused: [...state.refused] }, undefined, 1);
}

/** An exclusive request that waits, unless the changes say otherwise. */
export function requestOf(owner: string, changes: Partial<line.KeyRequest> = {}): line.KeyRequest {
  const capacity = MODE_CAPACITY;
  const weight = changes.capacity === undefined ? MODE_CAPACITY : 1;
  return {
    owner,
    session: `session of ${owner}`,
    capacity,
    weight,
    leaseMs: 10_000,
    takesPlace: true,
    ...changes,
  };
}

export const SHARED = { weight: 1 } as const;

/** A request for so many of the permits. */
export function permits(weight: number, capacity: number): Partial<line.KeyRequest> {
  return { capacity, weight };
}
