import { deepEqual as assertEqual, ok as assertThat } from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { emptyState, type KeyState } from '../../../lib/line/key-state.js';
import {
  type AcquireReply,
  type AcquireRequest,
  type Grant,
  type Hint,
  type KeyView,
  type LockStore,
  MODE_CAPACITY,
  type StoreSession,
  TOKEN_BLOCK,
} from '../../../lib/line/store.js';
import * as line from '../../../lib/line/transition.js';
import { memoryStore } from '../../../lib/stores/memory/index.js';
import { type ManualClock, manualClock } from '../../../lib/testing/manual-clock.js';
import type { Random } from '../testing/random.js';
import { forEachSeed } from './seeds.js';

const SEEDS = 1_200;
const COMMANDS = 40;
/** Two, so that a command sweeps all that is remembered, and the model may do the same. */
const KEYS = ['k1', 'k2'];
const SESSIONS = ['s1', 's2', 's3'];
/** Session names of the plain model, by the owner's first letter: owners belong to one session. */
const sessionOf = (owner: string): string => owner.slice(0, 2);

/** The transition function on a plain map: nothing is forgotten or swept, and keys are taken one after the other. */
class PlainModel {
  private readonly states = new Map<string, KeyState>();
  readonly messages: string[] = [];

  constructor(private readonly clock: ManualClock) {}

  acquire(request: AcquireRequest): AcquireReply {
    const isAllOrNone = !request.takesPlace && request.keys.length > 1;
    const obstacle = isAllOrNone && this.obstacleOf(request);
    return obstacle ? this.hit(obstacle, request) : this.takeInOrder(request);
  }

  private obstacleOf(request: AcquireRequest): string | undefined {
    return request.keys.find((key) => !this.on(key, (on) => line.wouldHold(on, asked(request))));
  }

  private hit(obstacle: string, request: AcquireRequest): AcquireReply {
    const reply = this.on(obstacle, (on) => line.acquire(on, asked(request)));
    return reply.kind === 'busy' || reply.kind === 'conflict'
      ? { ...reply, grants: [] }
      : { kind: 'refused' };
  }

  private takeInOrder(request: AcquireRequest): AcquireReply {
    const grants: Grant[] = [];
    for (const key of request.keys) {
      const reply = this.on(key, (on) => line.acquire(on, asked(request)));
      if (reply.kind === 'refused') return reply;
      if (reply.kind !== 'held') return { ...reply, grants };
      grants.push(reply.grant);
    }
    return { kind: 'held', grants };
  }

  renew(key: string, owner: string, leaseMs: number): readonly number[] {
    return [this.on(key, (on) => line.renew(on, owner, leaseMs))];
  }

  release(keys: readonly string[], owner: string, how: { refuses: boolean; keepMs: number }): void {
    for (const key of keys) this.on(key, (on) => line.release(on, { owner, ...how }));
  }

  forceRelease(key: string): boolean {
    return this.on(key, line.forceRelease);
  }

  inspect(key: string): ReturnType<typeof line.inspect> {
    return this.on(key, line.inspect);
  }

  /** Looks after a key as any command may do for any other. */
  sweep(key: string): void {
    this.on(key, line.pass);
  }

  private on<T>(key: string, command: (on: line.Transition) => T): T {
    const state = this.states.get(key) ?? emptyState();
    this.states.set(key, state);
    const calls: line.Call[] = [];
    const result = command({ state, nowUs: this.clock.epochUs(), calls });
    for (const { kind, owner } of calls) this.messages.push(`${kind} ${owner} → ${sessionOf(owner)}`);
    return result;
  }
}

function asked(request: AcquireRequest): line.KeyRequest {
  return { ...request, session: sessionOf(request.owner) };
}

/** The same command for both. */
interface Command {
  readonly said: string;
  readonly sweeps: boolean;
  readonly owner: string;
  readonly plain: (model: PlainModel) => unknown;
  readonly real: (session: StoreSession) => Promise<unknown>;
}

class Commands {
  private born = 0;
  private readonly requests: AcquireRequest[] = [];

  constructor(private readonly random: Random) {}

  next(): Command {
    const { random } = this;
    const kind = random.pick([
      'acquire',
      'acquire',
      'acquire',
      'again',
      'again',
      'release',
      'release',
      'renew',
      'force',
    ]);
    if (kind === 'acquire' || this.requests.length === 0) return this.acquire(this.request());
    const request = random.pick(this.requests.slice(-8));
    if (kind === 'again') return this.acquire(request);
    if (kind === 'release') return this.release(request);
    if (kind === 'force') return this.forceRelease(random.pick(KEYS));
    return this.renew(request);
  }

  private request(): AcquireRequest {
    const { random } = this;
    const owner = `${random.pick(SESSIONS)}:${++this.born}`;
    const keys = KEYS.filter(() => random.next() < 0.6);
    const isSemaphore = random.next() < 0.3;
    const capacity = isSemaphore ? 4 : MODE_CAPACITY;
    const weight = isSemaphore ? random.int(1, 4) : random.pick([1, MODE_CAPACITY]);
    const request = {
      owner,
      keys: keys.length > 0 ? keys : [random.pick(KEYS)],
      capacity,
      weight,
      leaseMs: random.pick([200, 1_500, 8_000]),
      takesPlace: random.next() < 0.8,
    };
    this.requests.push(request);
    return request;
  }

  private acquire(request: AcquireRequest): Command {
    return {
      said: `acquire ${JSON.stringify(request)}`,
      sweeps: true,
      owner: request.owner,
      plain: (model) => model.acquire(request),
      real: (session) => session.acquire(request),
    };
  }

  private release({ keys, owner }: AcquireRequest): Command {
    const how = { refuses: this.random.next() < 0.2, keepMs: this.random.pick([0, 0, 0, 900]) };
    return {
      said: `release ${owner} ${JSON.stringify(how)}`,
      sweeps: true,
      owner,
      plain: (model) => model.release(keys, owner, how),
      real: (session) => session.release({ keys, owner, ...how }),
    };
  }

  private renew({ keys, owner }: AcquireRequest): Command {
    const leaseMs = this.random.pick([0, 3_000]);
    const key = keys[0]!;
    return {
      said: `renew ${owner}`,
      sweeps: false,
      owner,
      plain: (model) => model.renew(key, owner, leaseMs),
      real: (session) => session.renew([{ key, owner, leaseMs }]),
    };
  }

  private forceRelease(key: string): Command {
    return {
      said: `forceRelease ${key}`,
      sweeps: true,
      owner: SESSIONS[0]!,
      plain: (model) => model.forceRelease(key),
      real: (session) => session.forceRelease(key),
    };
  }
}

async function open(
  store: LockStore,
  clock: ManualClock,
  messages: string[],
): Promise<Map<string, StoreSession>> {
  const sessions = new Map<string, StoreSession>();
  for (const name of SESSIONS) {
    const onHint = (hint: Hint): void =>
      void messages.push(`${hint.kind} ${hint.kind === 'all' ? '' : hint.owner} → ${name}`);
    sessions.set(name, await store.connect({ clock, watchdogMs: 10_000, onHint }));
  }
  return sessions;
}

/** Tokens of the plain model do not outlive an idle key; those of the store are checked by themselves. */
function withoutTokens(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer ?? null, (name, value: unknown) => (name === 'token' ? 0 : value)));
}

class Tokens {
  private readonly last = new Map<string, number>();

  /** Of one key, as it is inspected after each command. */
  check(key: string, { holders }: KeyView): void {
    const last = this.last.get(key) ?? 0;
    for (const { token } of holders) {
      assertThat(
        token <= last - TOKEN_BLOCK || token === last || token >= last + TOKEN_BLOCK,
        `token ${token} after ${last}`,
      );
    }
    this.last.set(key, Math.max(last, ...holders.map(({ token }) => token)));
  }
}

describe('sessions of a memory store', () => {
  it('answer and call as the bare transition function does, command by command', async () => {
    await forEachSeed(SEEDS, async (random) => {
      const clock = manualClock();
      const model = new PlainModel(clock);
      const messages: string[] = [];
      const sessions = await open(memoryStore({ clock }), clock, messages);
      const commands = new Commands(random);
      const tokens = new Tokens();
      for (let index = 0; index < COMMANDS; index++) {
        const { said, sweeps, owner, plain, real } = commands.next();
        const answer = await real(sessions.get(sessionOf(owner))!);
        assertEqual(withoutTokens(answer), withoutTokens(plain(model)), said);
        if (sweeps) for (const key of KEYS) model.sweep(key);
        for (const key of KEYS) {
          const view = await sessions.get('s1')!.inspect(key);
          tokens.check(key, view);
          assertEqual(inOrder(view), inOrder(model.inspect(key)), said);
        }
        assertEqual(messages.splice(0).sort(), model.messages.splice(0).sort(), said);
        clock.advance(random.pick([0, 0, 10, 300, 1_000, 3_100]));
      }
    });
  });
});

/** Capacity counts only while somebody holds or waits; the plain model never forgets it. */
function inOrder({ capacity, holders, waiters }: KeyView): unknown {
  const isIdle = holders.length === 0 && waiters === 0;
  const sorted = [...holders].sort((a, b) => a.owner.localeCompare(b.owner) || a.restMs - b.restMs);
  return withoutTokens({ capacity: isIdle ? undefined : capacity, holders: sorted, waiters });
}
