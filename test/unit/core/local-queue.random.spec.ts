import { deepEqual as assertEqual, ok as assertThat } from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { LocalQueue } from '../../../lib/core/local-queue.js';
import type { Turn, TurnOutcome } from '../../../lib/core/turn.js';
import type { WaitBudget } from '../../../lib/core/wait-budget.js';
import type { AcquireReply } from '../../../lib/line/store.js';
import { forEachSeed } from '../line/seeds.js';
import type { Random } from '../testing/random.js';
import { budgetOf, type ClientWorld, clientWorld, stranger } from './fixture.js';
import { type Command, cut } from './scripted-store.js';

const SEEDS = 2_000;
const STEPS = 35;
const KEY = 'test:a';
const LIMITS = { mostUsers: 4, mostMs: 50 };

/** What the head of local-queue.ts says, without a network: who holds, with which token, and when a yield is due. */
class Model {
  /** In order of arrival. */
  readonly waiting: number[] = [];
  user: number | undefined;
  token = 0;
  owner = '';
  /** The owner that the next request for a hold must replace; undefined where it must replace none. */
  replaces: string | undefined;
  others = 0;
  private base = 0;
  private users = 0;
  private grantedMs = 0;
  private isUncertain = false;

  enter(id: number): void {
    this.waiting.push(id);
  }

  end(id: number): void {
    this.waiting.splice(this.waiting.indexOf(id), 1);
    // The place is left, with what was to be yielded.
    if (this.waiting.length === 0 && this.user === undefined) this.replaces = undefined;
  }

  granted(grant: { owner: string; token: number; isUncertain: boolean }, nowMs: number): void {
    this.base = grant.token;
    this.owner = grant.owner;
    this.isUncertain = grant.isUncertain;
    this.users = 0;
    this.grantedMs = nowMs;
    this.replaces = undefined;
    this.pass();
  }

  leave(nowMs: number): void {
    const isSpent =
      this.users >= LIMITS.mostUsers || nowMs - this.grantedMs >= LIMITS.mostMs || this.others > 0;
    this.user = undefined;
    if (this.waiting.length === 0) return;
    if (!isSpent) this.pass();
    else if (!this.isUncertain) this.replaces = this.owner;
  }

  lost(): void {
    this.user = undefined;
  }

  private pass(): void {
    this.user = this.waiting.shift();
    this.token = this.base + this.users++;
  }
}

interface Request {
  readonly budget: WaitBudget;
  outcome: TurnOutcome | undefined;
}

/** The queue over a store whose answers come when the schedule says so, beside the model that predicts it. */
class Run {
  readonly model = new Model();
  readonly queue: LocalQueue;
  readonly requests = new Map<number, Request>();
  readonly story: string[] = [];
  private readonly under: Command[] = [];
  private readonly uncertain = new Set<string>();
  private readonly given = new Set<string>();
  /** Those who held when the hold was lost, and still have to leave. */
  private readonly hanging: Turn[] = [];
  private readonly stranger: ReturnType<typeof stranger>;
  private born = 0;
  private lastToken = 0;
  private isCalm = false;

  constructor(
    private readonly world: ClientWorld,
    private readonly random: Random,
  ) {
    this.queue = new LocalQueue(world.client, 10_000, LIMITS);
    this.stranger = stranger(world);
    world.store.onCommand = (command) => this.onCommand(command);
  }

  async step(): Promise<void> {
    const steps = [
      this.enter,
      this.enter,
      this.leave,
      this.leave,
      this.leave,
      this.end,
      this.answer,
      this.answer,
    ];
    const rare = [this.lose, this.others, this.foreign, this.drop, this.hint, this.leaveLate];
    const step = this.random.next() < 0.75 ? this.random.pick(steps) : this.random.pick(rare);
    step.call(this);
    await this.settle();
    const ms = this.random.pick([0, 0, 0, 5, 20, 60, 300]);
    if (ms > 0) await this.world.clock.advanceAsync(ms);
    this.check();
  }

  /** Nothing is delayed any more, and whoever holds leaves: all who wait get their turn. */
  async finish(): Promise<void> {
    this.isCalm = true;
    this.say('calm');
    this.stranger.release();
    while (this.under.length > 0) this.answer();
    await this.settle();
    for (
      let round = 0;
      round < 60 && (this.model.waiting.length > 0 || this.model.user !== undefined);
      round++
    ) {
      this.leave();
      // A second is more than a look, and a claim time for a request that was withdrawn unheard.
      await this.world.clock.advanceAsync(this.model.user === undefined ? 1_000 : 1);
      this.check();
    }
    assertEqual([this.model.waiting, this.model.user], [[], undefined], 'somebody still waits');
    while (this.hanging.length > 0) this.leaveLate();
    await this.world.clock.advanceAsync(20_000);
    const { holders, waiters } = this.world.store.space.inspect(KEY);
    assertEqual([holders, waiters, this.world.clock.pending], [[], 0, 0], 'something was left behind');
  }

  private enter(): void {
    const id = ++this.born;
    const request: Request = { budget: budgetOf(this.world, Infinity), outcome: undefined };
    this.requests.set(id, request);
    this.model.enter(id);
    this.say(`${id} enters`);
    void this.queue.enter(KEY, request.budget).then((outcome) => {
      request.outcome = outcome;
      if (outcome.kind === 'turn') outcome.turn.onLost = () => this.onLost(outcome.turn);
    });
  }

  private leave(): void {
    const { user } = this.model;
    if (user === undefined) return;
    const turn = this.turnOf(user);
    if (!turn) return;
    this.say(`${user} leaves`);
    this.model.leave(this.world.clock.nowMs());
    void turn.leave(0);
  }

  private end(): void {
    const { waiting } = this.model;
    if (waiting.length === 0) return;
    const id = this.random.pick(waiting);
    this.say(`${id} ends`);
    this.model.end(id);
    this.requests
      .get(id)!
      .budget.end(this.random.next() < 0.5 ? { kind: 'time' } : { kind: 'error', error: 'abort' });
  }

  private lose(): void {
    this.say('forced release');
    this.world.store.space.forceRelease(KEY);
  }

  private onLost(turn: Turn): void {
    this.say('lost');
    this.hanging.push(turn);
    this.model.lost();
  }

  private leaveLate(): void {
    const turn = this.hanging.shift();
    if (turn) void turn.leave(0);
  }

  private others(): void {
    const { model } = this;
    this.say('others change');
    if (model.others === 0) {
      model.others++;
      this.queue.otherBegins([KEY]);
    } else {
      model.others--;
      this.queue.otherEnds([KEY]);
    }
  }

  private foreign(): void {
    this.say('the stranger');
    if (this.stranger.isHolding() || this.random.next() < 0.3) this.stranger.release();
    else this.stranger.hold(2_000);
  }

  private hint(): void {
    const last = this.world.store.sent('acquire').at(-1);
    if (last) this.world.store.hint({ kind: 'called', owner: last.asAcquire.owner });
  }

  /** An answer comes, or the connection is cut after the command was carried out, or before. */
  private answer(): void {
    const command = this.under.shift();
    if (command && !command.isSettled) this.deliver(command);
  }

  private drop(): void {
    const command = this.under.shift();
    if (!command || command.isSettled) return;
    const isApplied = this.random.next() < 0.5;
    this.say(`cut${isApplied ? ', carried out' : ''}`);
    this.uncertain.add(command.asAcquire.owner);
    if (isApplied) command.apply();
    command.fail(cut());
  }

  private onCommand(command: Command): boolean {
    if (command.verb !== 'acquire') return false;
    const { owner, replaces } = command.asAcquire;
    this.say(`acquire by ${owner.slice(0, 4)}${replaces ? ` for ${replaces.slice(0, 4)}` : ''}`);
    // A request that was given up by the model may repeat what it asked.
    assertThat(
      replaces === undefined || replaces === this.model.replaces || this.given.has(owner),
      'a yield too much',
    );
    this.given.add(owner);
    if (!this.isCalm && this.random.next() < 0.5) {
      if (this.random.next() < 0.5) command.apply();
      this.under.push(command);
    } else {
      this.deliver(command);
    }
    return true;
  }

  private deliver(command: Command): void {
    command.answer();
    // The place asks anew before it tells of a loss; the answer comes after both.
    queueMicrotask(() => this.tell(command));
  }

  private tell(command: Command): void {
    const { owner, replaces } = command.asAcquire;
    const reply = command.reply as AcquireReply;
    // Whoever asks for the place now is who sent the last request; older ones were withdrawn.
    const isCurrent = this.world.store.sent('acquire').at(-1)!.asAcquire.owner === owner;
    this.say(`${owner.slice(0, 4)} is ${reply.kind}`);
    if (!isCurrent || this.model.user !== undefined || this.model.waiting.length === 0) return;
    if (reply.kind !== 'refused') {
      if (this.model.replaces !== undefined) assertEqual(replaces, this.model.replaces, 'a yield is due');
      this.model.replaces = undefined;
    }
    if (reply.kind !== 'held') return;
    const { token } = reply.grants[0]!;
    this.model.granted({ owner, token, isUncertain: this.uncertain.has(owner) }, this.world.clock.nowMs());
  }

  private check(): void {
    const { model } = this;
    const turns = [...this.requests].filter(([, { outcome }]) => outcome?.kind === 'turn');
    const waiting = [...this.requests].filter(([, { outcome }]) => outcome === undefined).map(([id]) => id);
    assertEqual(waiting, model.waiting, 'who waits, in order of arrival');
    if (model.user === undefined) return;
    const turn = this.turnOf(model.user);
    assertEqual(turn?.hold.owner, model.owner, `${model.user} holds`);
    assertEqual(turn?.tokens, [model.token], 'its token');
    assertThat(turn!.tokens[0]! < turn!.hold.tokens[0]! + LIMITS.mostUsers, 'beyond the block');
    assertEqual(turns.at(-1) && Math.max(...turns.map(([id]) => this.turnOf(id)!.tokens[0]!)), model.token);
    assertThat(model.token >= this.lastToken, 'tokens grow');
    this.lastToken = model.token;
  }

  private turnOf(id: number): Turn | undefined {
    const outcome = this.requests.get(id)?.outcome;
    return outcome?.kind === 'turn' ? outcome.turn : undefined;
  }

  private settle(): Promise<void> {
    return this.world.clock.advanceAsync(0);
  }

  private say(what: string): void {
    this.story.push(`${this.world.clock.nowMs()} ms: ${what}`);
  }
}

describe('the local queue, on any schedule', () => {
  it('gives the turns that its state machine says: order, tokens, yields, one user, nobody left waiting', async () => {
    await forEachSeed(SEEDS, async (random) => {
      const world = clientWorld();
      await world.client.session();
      const run = new Run(world, random);
      try {
        for (let index = 0; index < STEPS; index++) await run.step();
        await run.finish();
      } catch (error) {
        throw new Error(`${String(error)}\n${run.story.slice(-40).join('\n')}`, { cause: error });
      }
    });
  });
});
