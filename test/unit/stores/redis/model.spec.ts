import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { AcquireRequest, KeyView } from '../../../../lib/line/store.js';
import { RedisServer } from '../../../support/redis-server.js';
import { Seeded, seeds } from '../../../support/seeded.js';
import { ModelSpace } from './model-space.js';
import { TimedScripts } from './timed-scripts.js';

/** Random command sequences: what the scripts answer, send and keep is what the model says. Replay one with SEED=n. */

const COMMANDS_PER_SEED = 40;
const SESSIONS = ['one', 'two', 'three'];
const CHANNEL = 'nestjs-distributed-lock:';

let server: RedisServer;
let ear: Redis;
let heard: string[];
let onEnd: () => void;

beforeAll(async () => {
  server = await RedisServer.start();
  ear = server.client();
  ear.on('message', (channel: string, text: string) => {
    if (channel === 'end') onEnd();
    else heard.push(`${channel} ${text}`);
  });
  await ear.subscribe(...SESSIONS.map((session) => CHANNEL + session), 'end');
});

afterAll(async () => {
  await server.stop();
});

type Command =
  | { do: 'acquire'; request: AcquireRequest; session: string }
  | { do: 'renew'; key: string; owner: string; leaseMs: number }
  | { do: 'release'; keys: string[]; owner: string; refuses: boolean; keepMs: number }
  | { do: 'forceRelease'; key: string };

/** One seed: a handful of requests over a few keys, each asked, asked again, renewed and given up in random order. */
class Play {
  private readonly random: Seeded;
  private readonly keys: string[];
  private readonly requests: { request: AcquireRequest; session: string }[] = [];
  private readonly capacity: number;
  private owners = 0;

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
    const { random } = this;
    return random.pick([
      0, 0, 1, 50, 700, 5_000, 300_000, 300_000, 600_000, 1_000_000, 1_100_000, 2_500_000, 3_000_000,
    ]);
  }

  command(): Command {
    const { random } = this;
    const roll = random.next();
    if (this.requests.length < 3 || roll < 0.25) return this.ask(this.newRequest());
    if (roll < 0.6) return this.ask(random.pick(this.requests.slice(-8)));
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

  private ask(asked: { request: AcquireRequest; session: string }): Command {
    return { do: 'acquire', ...asked };
  }

  private newRequest(): { request: AcquireRequest; session: string } {
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
        owner: `owner${this.seed}x${++this.owners}`,
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

/** What both sides answer to a command: they have the same verbs. */
async function answer(command: Command, to: ModelSpace | TimedScripts): Promise<unknown> {
  if (command.do === 'acquire') return to.acquire(command.request, command.session);
  if (command.do === 'renew') return to.renew([command]);
  if (command.do === 'release') return to.release(command);
  return to.forceRelease(command.key);
}

function sorted({ holders, ...view }: KeyView): KeyView {
  return { ...view, holders: [...holders].sort((a, b) => a.token - b.token || a.restMs - b.restMs) };
}

/** Messages come on another connection: the last of a command is known by one that follows it. */
async function messages(): Promise<string[]> {
  const ended = new Promise<void>((resolve) => {
    onEnd = resolve;
  });
  await server.admin.publish('end', 'end');
  await ended;
  return heard.sort();
}

/** The two sides of one story, and the keys it is about. */
class Comparison {
  readonly model = new ModelSpace();
  readonly scripts = new TimedScripts(server.admin);

  constructor(private readonly keys: readonly string[]) {
    this.model.nowUs = 1_790_000_000_000_000;
  }

  /** The command, on both sides: replies, messages, and what is left. */
  async compare(command: Command): Promise<{ actual: Outcome; expected: Outcome }> {
    const { model, scripts, keys } = this;
    model.calls.length = 0;
    heard = [];
    await scripts.setNow(model.nowUs);
    const [expected, actual] = [await answer(command, model), await answer(command, scripts)];
    const sent = model.calls
      .map(({ kind, session, owner }) => `${CHANNEL}${session} ${kind} ${owner}`)
      .sort();
    const views = await Promise.all(keys.map((key) => scripts.inspect(key)));
    return {
      actual: { command, reply: actual, sent: await messages(), views: views.map(sorted) },
      expected: { command, reply: expected, sent, views: keys.map((key) => sorted(model.inspect(key))) },
    };
  }
}

interface Outcome {
  readonly command: Command;
  readonly reply: unknown;
  readonly sent: readonly string[];
  readonly views: readonly KeyView[];
}

async function expectSame(seed: number): Promise<void> {
  const play = new Play(seed);
  const both = new Comparison(play.allKeys);
  for (let step = 0; step < COMMANDS_PER_SEED; step++) {
    both.model.nowUs += play.stepUs();
    const { actual, expected } = await both.compare(play.command());
    expect({ seed, step, ...actual }).toEqual({ seed, step, ...expected });
  }
}

describe('the scripts, beside the model', () => {
  it.each(chunks(seeds(1_000), 100))(
    'answer, send and keep the same: seeds %i to %i',
    async (first, last) => {
      for (let seed = first; seed <= last; seed++) await expectSame(seed);
    },
  );

  it('take back the call of one that is displaced by another that wakes up', async () => {
    const both = new Comparison(['displaced']);
    const ask = (owner: string, takesPlace = true): Command => ({
      do: 'acquire',
      session: 'one',
      request: { keys: ['displaced'], owner, capacity: 1, weight: 1, leaseMs: 60_000, takesPlace },
    });
    const story: [atUs: number, Command][] = [
      [0, ask('holder')],
      [0, ask('first')],
      [100_000, ask('second')],
      [1_900_000, ask('first')],
      [2_000_000, { do: 'release', keys: ['displaced'], owner: 'holder', refuses: false, keepMs: 0 }],
      // The first did not come and sleeps, the second is called, then the first wakes: it is first again.
      [3_050_000, ask('passer-by', false)],
      [3_200_000, ask('first')],
      [3_300_000, { do: 'release', keys: ['displaced'], owner: 'first', refuses: false, keepMs: 0 }],
    ];
    const startUs = both.model.nowUs;
    for (const [step, [atUs, command]] of story.entries()) {
      both.model.nowUs = startUs + atUs;
      const { actual, expected } = await both.compare(command);
      expect({ step, ...actual }).toEqual({ step, ...expected });
    }
    expect(both.model.inspect('displaced').holders).toEqual([]);
  });
});

function chunks(all: readonly number[], size: number): [number, number][] {
  const starts = all.filter((_, index) => index % size === 0);
  return starts.map((first) => [first, Math.min(first + size - 1, all.at(-1)!)]);
}
