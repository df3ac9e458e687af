import { deepEqual as assertEqual, ok as assertThat } from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { heldWeight, type KeyState } from '../../../lib/line/key-state.js';
import { MODE_CAPACITY, TOKEN_BLOCK } from '../../../lib/line/store.js';
import type { KeyReply, KeyRequest } from '../../../lib/line/transition.js';
import type { Random } from '../testing/random.js';
import { OneKey, permits, SHARED } from './one-key.js';
import { forEachSeed } from './seeds.js';

const SEEDS = 1_000;
const COMMANDS = 60;

/** What a command did: the reply of an acquire, and who asked. */
interface Done {
  readonly said: string;
  readonly repeat: () => unknown;
  readonly answer: unknown;
  readonly asker?: string;
  readonly reply?: KeyReply;
}

/** Requests as one key sees them; owners come back, and some are new. */
class Crowd {
  private born = 0;
  private readonly shapes = new Map<string, Partial<KeyRequest>>();
  private readonly isSemaphore: boolean;

  constructor(
    private readonly random: Random,
    private readonly key: OneKey,
  ) {
    this.isSemaphore = random.next() < 0.5;
  }

  command(): Done {
    const kinds = [
      this.acquire,
      this.acquire,
      this.acquire,
      this.release,
      this.renew,
      this.yields,
      this.rare,
    ];
    return this.random.pick(kinds).call(this);
  }

  private acquire(): Done {
    const owner = this.owner();
    const takesPlace = this.random.next() < 0.85;
    return this.ask(owner, { ...this.shapes.get(owner)!, takesPlace });
  }

  private yields(): Done {
    const { holders } = this.key;
    if (holders.length === 0) return this.acquire();
    const replaces = this.random.pick(holders.filter((owner) => owner !== '').concat('nobody'));
    const owner = this.newOwner();
    this.shapes.set(owner, this.shapes.get(replaces) ?? {});
    return this.ask(owner, { ...this.shapes.get(owner)!, replaces });
  }

  private ask(owner: string, changes: Partial<KeyRequest>): Done {
    const repeat = (): KeyReply => this.key.acquire(owner, changes);
    const reply = repeat();
    return {
      said: `acquire ${owner} ${JSON.stringify(changes)}`,
      repeat,
      answer: reply,
      asker: owner,
      reply,
    };
  }

  private release(): Done {
    const owner = this.owner();
    const how = { refuses: this.random.next() < 0.2, keepMs: this.random.next() < 0.2 ? 700 : 0 };
    const repeat = (): void => this.key.release(owner, how);
    return { said: `release ${owner} ${JSON.stringify(how)}`, repeat, answer: repeat() };
  }

  private renew(): Done {
    const owner = this.owner();
    const leaseMs = this.random.pick([0, 500, 4_000]);
    const repeat = (): number => this.key.renew(owner, leaseMs);
    return { said: `renew ${owner} ${leaseMs}`, repeat, answer: repeat() };
  }

  private rare(): Done {
    if (this.random.next() < 0.3) {
      this.key.forceRelease();
      return { said: 'forceRelease', repeat: () => undefined, answer: undefined };
    }
    const repeat = (): void => this.key.sweep();
    return { said: 'pass', repeat, answer: repeat() };
  }

  private owner(): string {
    const known = [...this.shapes.keys()];
    return known.length === 0 || this.random.next() < 0.25
      ? this.newOwner()
      : this.random.pick(known.slice(-9));
  }

  private newOwner(): string {
    const owner = `o${++this.born}`;
    const leaseMs = this.random.pick([300, 2_000, 9_000]);
    const weight = this.random.int(1, 5);
    const isUsual = this.random.next() < 0.95;
    // Every other seed is about a semaphore; now and then somebody is wrong about the key.
    const isSemaphore = this.isSemaphore === isUsual;
    const share = isSemaphore
      ? permits(weight, 5)
      : this.random.next() < 0.5
        ? SHARED
        : { capacity: MODE_CAPACITY, weight: MODE_CAPACITY };
    this.shapes.set(owner, { ...share, leaseMs });
    return owner;
  }
}

/** Who must be called, by the definition alone: the longest run of those awake that fits beside the holders. */
function prefixOf({ line, capacity, holders }: KeyState): string[] {
  let taken = holders.reduce((sum, { weight }) => sum + weight, 0);
  const prefix: string[] = [];
  for (const { owner, weight } of line.filter(({ isAsleep }) => !isAsleep)) {
    taken += weight;
    if (taken > capacity) break;
    prefix.push(owner);
  }
  return prefix;
}

const changesNothing = ({ said, reply }: Done): boolean =>
  said.startsWith('renew') || reply?.kind === 'refused';

function checkInvariants(key: OneKey, done: Done, before: KeyState): void {
  const { state } = key;
  assertThat(heldWeight(state) <= state.capacity, 'held beyond the capacity');
  // A renewal and a refused request change no line: what has ended is noticed by the next command.
  if (!changesNothing(done)) assertEqual(key.called, prefixOf(state));
  const ids = [...key.holders, ...key.waiting].filter((owner) => owner !== '');
  assertEqual(new Set(ids).size, ids.length);
  const tokensBefore = before.holders.map(({ token }) => token);
  const newcomers = state.holders
    .filter(({ token }) => !tokensBefore.includes(token))
    .map(({ owner }) => owner);
  assertEqual(newcomers, newcomers.length > 0 ? [done.asker] : []);
  if (newcomers.length === 0) {
    assertEqual(state.lastToken, before.lastToken);
    return;
  }
  assertEqual(done.reply?.kind, 'held');
  assertThat(state.lastToken >= before.lastToken + TOKEN_BLOCK, 'the block of tokens is not reserved');
}

/** Messages go to those who are called now and were not before, each once, and never to the asker. */
function checkMessages(key: OneKey, done: Done, before: KeyState): void {
  const calledBefore = before.line.filter(({ calledUs }) => calledUs !== undefined).map(({ owner }) => owner);
  const called = key.messages().filter((message) => message.startsWith('called'));
  assertEqual(new Set(called).size, called.length);
  assertThat(!called.includes(`called ${done.asker}`), 'the asker was called');
  const fresh = key.called.filter((owner) => owner !== done.asker && !calledBefore.includes(owner));
  for (const owner of fresh) assertThat(called.includes(`called ${owner}`), `${owner} was not called`);
}

function checkRepeat(key: OneKey, done: Done): void {
  const before = key.text;
  assertEqual(done.repeat(), done.answer);
  assertEqual(key.text, before);
  assertEqual(key.messages(), []);
}

describe('whatever is asked of a key, in whatever order', () => {
  it('nothing is held beyond its capacity, the prefix is called, tokens grow, and a repeated command changes nothing', async () => {
    await forEachSeed(SEEDS, (random) => {
      const key = new OneKey();
      const crowd = new Crowd(random, key);
      const story: string[] = [];
      for (let index = 0; index < COMMANDS; index++) {
        const before = key.snapshot();
        const done = crowd.command();
        story.push(`${(key.nowUs - 1_000_000) / 1000} ms: ${done.said} → ${JSON.stringify(done.answer)}`);
        try {
          checkInvariants(key, done, before);
          checkMessages(key, done, before);
          checkRepeat(key, done);
        } catch (error) {
          throw new Error(`${String(error)}\n${story.slice(-12).join('\n')}\n${key.text}`, {
            cause: error,
          });
        }
        key.pass(random.pick([0, 0, 5, 150, 400, 1_100, 3_200]));
      }
    });
  });

  it('a waiter that keeps looking holds in the end, ahead of all who came later and want the whole key', async () => {
    await forEachSeed(300, (random) => {
      const key = new OneKey();
      const crowd = new Crowd(random, key);
      for (let index = 0; index < 30; index++) {
        crowd.command();
        key.pass(random.pick([0, 50, 300]));
      }
      const capacity =
        key.state.line.length + key.state.holders.length > 0 ? key.state.capacity : MODE_CAPACITY;
      const whole = { capacity, weight: capacity };
      // Nobody comes any more, so whatever is there ends: by its lease, its claim time or its silence.
      let later = 0;
      let isHeld = false;
      for (let index = 0; index < 40 && !isHeld; index++) {
        isHeld = key.acquire('patient', whole).kind === 'held';
        if (!isHeld) assertEqual(key.acquire(`later ${later++}`, whole).kind, 'busy');
        key.pass(700);
      }
      assertThat(isHeld, 'the patient one never held');
    });
  });
});
