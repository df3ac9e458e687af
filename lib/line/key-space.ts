import { emptyState, type KeyState } from './key-state.js';
import type { AcquireReply, AcquireRequest, Grant, KeyView, LeaseRequest, ReleaseRequest } from './store.js';
import * as line from './transition.js';

export interface KeySpaceOptions {
  /** The back end's clock: integer microseconds that never step back. */
  readonly nowUs: () => number;
  /** Carries a message to a session. */
  readonly send: (call: line.Call) => void;
}

/** How many other keys each command looks after, so that what nobody asks for again is forgotten without a timer. */
const SWEPT_PER_COMMAND = 2;

/**
 * The model of a whole back end: a state for each key, changed by the one transition function. The memory store serves
 * it as it is; the scripts of the others are held against it.
 *
 * An idle key's state is forgotten at once: tokens grow over all keys together, so `lastToken` need not outlive it.
 */
export class KeySpace {
  private readonly states = new Map<string, KeyState>();
  /** Greatest token of any forgotten state. */
  private lastToken = 0;
  private sweep: Iterator<string> = this.states.keys();

  constructor(private readonly options: KeySpaceOptions) {}

  /** How many keys it remembers; 0 after the last release and the end of refusals and min hold times. */
  get size(): number {
    return this.states.size;
  }

  acquire(request: AcquireRequest, session: string): AcquireReply {
    return this.transact(request.keys, (on) =>
      request.takesPlace || request.keys.length === 1
        ? takeInOrder(on, request, session)
        : takeAllOrNone(on, request, session),
    );
  }

  renew(leases: readonly LeaseRequest[]): number[] {
    return leases.map(({ key, owner, leaseMs }) => {
      const state = this.states.get(key);
      return state ? line.renew(this.transition(state), owner, leaseMs) : 0;
    });
  }

  release(request: ReleaseRequest): void {
    this.transact(request.keys, (on) => on.forEach((one) => line.release(one, request)));
  }

  inspect(key: string): KeyView {
    return line.inspect({ state: this.states.get(key) ?? emptyState(), nowUs: this.options.nowUs() });
  }

  forceRelease(key: string): boolean {
    return this.transact([key], ([on]) => line.forceRelease(on!));
  }

  /** Applies a command to the states of its keys at one moment, forgets what is idle, then sends the calls. */
  private transact<T>(keys: readonly string[], command: (on: line.Transition[]) => T): T {
    const nowUs = this.options.nowUs();
    const calls: line.Call[] = [];
    const on = keys.map((key) => ({ state: this.stateOf(key), nowUs, calls }));
    const result = command(on);
    keys.forEach((key, index) => this.forgetIfIdle(key, on[index]!));
    this.sweepSome(nowUs, calls);
    calls.forEach(this.options.send);
    return result;
  }

  private stateOf(key: string): KeyState {
    let state = this.states.get(key);
    if (!state) {
      state = emptyState();
      state.lastToken = this.lastToken;
      this.states.set(key, state);
    }
    return state;
  }

  private forgetIfIdle(key: string, on: line.Transition): void {
    if (!line.isForgettable(on)) return;
    this.lastToken = Math.max(this.lastToken, on.state.lastToken);
    this.states.delete(key);
  }

  private sweepSome(nowUs: number, calls: line.Call[]): void {
    for (let count = Math.min(SWEPT_PER_COMMAND, this.states.size); count > 0; count--) {
      let next = this.sweep.next();
      if (next.done) {
        this.sweep = this.states.keys();
        next = this.sweep.next();
        if (next.done) return;
      }
      const on = { state: this.states.get(next.value)!, nowUs, calls };
      line.pass(on);
      this.forgetIfIdle(next.value, on);
    }
  }

  private transition(state: KeyState): line.Transition {
    return { state, nowUs: this.options.nowUs(), calls: [] };
  }
}

/** Everything up to the first key that is busy; its line is joined. */
function takeInOrder(on: readonly line.Transition[], request: AcquireRequest, session: string): AcquireReply {
  const grants: Grant[] = [];
  for (const [index, one] of on.entries()) {
    const reply = line.acquire(one, keyRequest(request, session, request.leastTokens?.[index]));
    if (reply.kind === 'held') grants.push(reply.grant);
    else if (reply.kind === 'refused') return reply;
    else return { ...reply, grants };
  }
  return { kind: 'held', grants };
}

/** Without a place nothing is kept that would have to be given back. */
function takeAllOrNone(
  on: readonly line.Transition[],
  request: AcquireRequest,
  session: string,
): AcquireReply {
  const asked = keyRequest(request, session);
  const obstacle = on.find((one) => !line.wouldHold(one, asked));
  if (!obstacle) return takeInOrder(on, request, session);
  // Cannot hold, so it changes nothing but says why.
  const reply = line.acquire(obstacle, asked);
  return reply.kind === 'held' || reply.kind === 'refused' ? { kind: 'refused' } : { ...reply, grants: [] };
}

function keyRequest(request: AcquireRequest, session: string, leastToken?: number): line.KeyRequest {
  const { owner, capacity, weight, leaseMs, takesPlace, replaces } = request;
  return { owner, session, capacity, weight, leaseMs, takesPlace, replaces, leastToken };
}
