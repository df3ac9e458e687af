import type { AcquireRequest, KeyView, LeaseRequest, ReleaseRequest } from '../../lib/line/store.js';
import { Seeded } from './seeded.js';

/** Random commands for the server's part of a store, to be held against the model. */

/** When each story begins, on the server's clock. */
export const START_US = 1_790_000_000_000_000;

export const SESSIONS = ['one', 'two', 'three'];

/** A command of the port, for one session of several. */
interface Asked {
  request: AcquireRequest;
  session: string;
}

export type Command =
  | { do: 'acquire'; request: AcquireRequest; session: string }
  | { do: 'renew'; key: string; owner: string; leaseMs: number }
  | { do: 'release'; keys: string[]; owner: string; refuses: boolean; keepMs: number }
  | { do: 'forceRelease'; key: string };

/** One seed: a handful of requests over a few keys, each asked, asked again, renewed and given up in random order. */
export class Play {
  private readonly random: Seeded;
  private readonly keys: string[];
  private readonly requests: Asked[] = [];
  private readonly capacity: number;
  private owners = 0;
  private elapsedUs = 0;

  constructor(private readonly seed: number) {
    this.random = new Seeded(seed);
    this.keys = ['a', 'b', 'c'].slice(0, this.random.pick([1, 1, 1, 2, 3])).map((key) => `${key}:${seed}`);
    this.capacity = this.random.pick([1_000_000_000, 1_000_000_000, 1, 2, 3, 5]);
  }

  get allKeys(): readonly string[] {
    return this.keys;
  }

  /** Mostly little time passes; now and then a lease, a claim or a silence ends. */
  stepUs(): number {
    const stepUs = this.random.pick([
      0, 0, 1, 50, 700, 5_000, 300_000, 300_000, 600_000, 1_000_000, 1_100_000, 2_500_000, 3_000_000,
    ]);
    this.elapsedUs += stepUs;
    return stepUs;
  }

  command(): Command {
    const { random } = this;
    const roll = random.next();
    if (this.requests.length < 3 || roll < 0.25) return this.ask(this.newRequest());
    if (roll < 0.52) return this.ask(random.pick(this.requests.slice(-8)));
    if (roll < 0.6) return this.ask(this.raised(random.pick(this.requests.slice(-8))));
    const { request } = random.pick(this.requests.slice(-8));
    const { owner } = request;
    if (roll < 0.7) {
      return {
        do: 'renew',
        key: random.pick(request.keys),
        owner,
        leaseMs: random.pick([0, 500, 2_000, 8_000]),
      };
    }
    if (roll < 0.97) {
      const keepMs = random.pick([0, 0, 0, 400, 3_000]);
      return { do: 'release', keys: [...request.keys], owner, refuses: random.chance(0.2), keepMs };
    }
    return { do: 'forceRelease', key: random.pick(this.keys) };
  }

  private ask(asked: Asked): Command {
    return { do: 'acquire', ...asked };
  }

  /** The same request, for greater tokens: by less than a block, by some, or by more than the clock will have gone on. */
  private raised({ request, session }: Asked): Asked {
    const { random, elapsedUs } = this;
    const leastTokens = request.keys.map(
      () => START_US + elapsedUs + random.pick([-600_000, -50, 0, 1, 40, 700, 4_000_000]),
    );
    return { session, request: { ...request, leastTokens } };
  }

  private newRequest(): Asked {
    const { random } = this;
    const capacity = random.chance(0.93) ? this.capacity : random.pick([1, 4, 1_000_000_000]);
    const first = random.int(0, this.keys.length - 1);
    const keys = random.chance(0.5) ? this.keys.slice(first, first + 1) : this.keys.slice(first);
    const replaces =
      keys.length === 1 && random.chance(0.15) ? this.requests.at(-1)?.request.owner : undefined;
    const asked = {
      session: random.pick(SESSIONS),
      request: {
        keys,
        owner: ownerOf(this.seed * 1_000 + ++this.owners),
        capacity,
        weight: this.weightOf(capacity),
        leaseMs: random.pick([300, 1_000, 2_000, 9_000]),
        takesPlace: random.chance(0.85),
        replaces,
      },
    };
    this.requests.push(asked);
    return asked;
  }

  private weightOf(capacity: number): number {
    if (capacity < 1_000_000_000) return this.random.int(1, capacity);
    return this.random.chance(0.5) ? 1 : capacity;
  }
}

/** What a model and what is held against it have in common. */
export interface Verbs {
  acquire(request: AcquireRequest, session: string): unknown;
  renew(leases: readonly LeaseRequest[]): unknown;
  release(request: ReleaseRequest): unknown;
  forceRelease(key: string): unknown;
}

/** What a side answers to a command. */
export async function answer(command: Command, to: Verbs): Promise<unknown> {
  if (command.do === 'acquire') return to.acquire(command.request, command.session);
  if (command.do === 'renew') return to.renew([command]);
  if (command.do === 'release') return to.release(command);
  return to.forceRelease(command.key);
}

/** Holders stand in no order. */
export function sorted({ holders, ...view }: KeyView): KeyView {
  return { ...view, holders: [...holders].sort((a, b) => a.token - b.token || a.restMs - b.restMs) };
}

/** What somebody does, in microseconds from the beginning: the call of one that is displaced by another is taken back. */
export function displacement(key: string): (readonly [atUs: number, command: Command])[] {
  const ask = (owner: number, takesPlace = true): Command => ({
    do: 'acquire',
    session: 'one',
    request: { keys: [key], owner: ownerOf(owner), capacity: 1, weight: 1, leaseMs: 60_000, takesPlace },
  });
  const leave = (owner: number): Command => ({
    do: 'release',
    keys: [key],
    owner: ownerOf(owner),
    refuses: false,
    keepMs: 0,
  });
  const [holder, first, second, passerBy] = [1, 2, 3, 4];
  return [
    [0, ask(holder)],
    [0, ask(first)],
    [100_000, ask(second)],
    [1_900_000, ask(first)],
    [2_000_000, leave(holder)],
    // The first did not come and sleeps, the second is called, then the first wakes: it is first again.
    [3_050_000, ask(passerBy, false)],
    [3_200_000, ask(first)],
    [3_300_000, leave(first)],
  ];
}

/** Seeds by the hundred, as the first and last of each. */
export function chunks(all: readonly number[], size: number): [number, number][] {
  const starts = all.filter((_, index) => index % size === 0);
  return starts.map((first) => [first, Math.min(first + size - 1, all.at(-1)!)]);
}

/** 32 hexadecimal digits, as owners have. */
function ownerOf(number: number): string {
  return number.toString(16).padStart(32, '0');
}
