import { AsyncLocalStorage } from 'node:async_hooks';
import type { LockHandle } from '../../lib/core/lock-handle.js';
import type { LockOptions } from '../../lib/core/lock-options.js';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import { type Asked, type HistoryRecorder, recordHistory } from '../../lib/testing/history.js';
import type { LockStore } from '../../lib/line/store.js';
import { quorumOf } from '../../lib/stores/quorum/quorum-store.js';
import { type Link, SimulatedServer, type Taps, type Weather } from './network.js';
import { Dice, SimulatedProcess, World } from './world.js';

/** What may go wrong in a run. */
export interface Climate {
  readonly weather: Weather;
  /** Each of these happens to some process about every so many milliseconds; Infinity for never. */
  readonly cutEveryMs: number;
  readonly silenceEveryMs: number;
  readonly pauseEveryMs: number;
  readonly killEveryMs: number;
  readonly longestPauseMs: number;
  readonly longestCutMs: number;
  /** How far a process's clock may run from the back end's: the share of it. */
  readonly clockDrift: number;
  /** The lease that the watchdog renews. */
  readonly watchdogMs: number;
  /** How long after a withdrawal that may have gone unheard a request can hold, if every promise is kept. */
  readonly ghostMs: number;
  /** Everybody asks with `fair`, for mutexes only. */
  readonly isFair: boolean;
  /** Several servers that know nothing of each other, and a majority of them for each lock. */
  readonly quorum?: QuorumClimate;
}

export interface QuorumClimate {
  readonly servers: number;
  /** Some server restarts without its data about every so many milliseconds; Infinity for never. */
  readonly restartEveryMs: number;
  readonly restartDelayMs: number;
  /** How far their clocks may be apart. */
  readonly apartMs: number;
}

export interface Run {
  readonly history: HistoryRecorder;
  /** What does not fit into a history: a task that never ended, a timer or a key that was left. */
  readonly faults: string[];
  readonly grants: number;
}

const BUSY_MS = 8_000;
const PROCESSES = 4;
const TASKS = 3;
const BIG = 100;

/** The process believes in a hold until the hold's deadline; only the inside of the handle says it. */
interface InnerHandle {
  readonly locks: readonly { readonly hold: { readonly deadlineMs: number } }[];
}

/** Keys that are kept by what no client sees: the first of several, or a rest of minHoldTime. */
export const KEPT_UNSEEN: ReadonlySet<string> = new Set(['left', 'right']);

interface Kind extends Omit<Asked, 'client' | 'waits'> {
  readonly options: LockOptions;
  readonly also?: string;
}

function kinds(dice: Dice, { isFair, quorum }: Climate): Kind {
  const mutex = { capacity: 1, weight: 1 };
  const weight = dice.pick([1, 1, 2, 3]);
  // These stand in the line by themselves, and so in strict order of arrival.
  const inOrder: Kind[] = [
    { ...mutex, key: dice.pick(['fair', 'other']), options: { fair: true } },
    { capacity: BIG, weight: 1, key: 'rw', options: { mode: 'shared' } },
    { capacity: BIG, weight: BIG, key: 'rw', options: { fair: true } },
    { capacity: 3, weight, key: 'permits', options: { permits: 3, weight } },
  ];
  if (isFair) return dice.pick(inOrder);
  if (quorum) return dice.pick(ofQuorum(dice));
  return dice.pick<Kind>([
    { ...mutex, key: 'hot', options: {} },
    { ...mutex, key: 'hot', options: {} },
    { ...mutex, key: 'hot', options: { fair: true } },
    { ...mutex, key: 'hot', options: { leaseTime: Math.round(dice.between(60, 1_000)) } },
    { ...mutex, key: 'left', also: 'right', options: {} },
    { ...mutex, key: 'left', options: {} },
    {
      ...mutex,
      key: 'right',
      options: { minHoldTime: Math.round(dice.between(0, 60)) },
    },
    // A plain one would share its place with later ones of its process, which no history shows.
    ...inOrder.slice(1),
  ]);
}

/** Neither order nor permits are kept over several servers. */
function ofQuorum(dice: Dice): Kind[] {
  const mutex = { capacity: 1, weight: 1 };
  return [
    { ...mutex, key: 'hot', options: {} },
    { ...mutex, key: 'hot', options: {} },
    { ...mutex, key: 'hot', options: { leaseTime: Math.round(dice.between(200, 1_000)) } },
    { ...mutex, key: 'left', also: 'right', options: {} },
    { ...mutex, key: 'left', options: {} },
    { ...mutex, key: 'right', options: { minHoldTime: Math.round(dice.between(0, 60)) } },
    { capacity: BIG, weight: 1, key: 'rw', options: { mode: 'shared' } },
    { capacity: BIG, weight: BIG, key: 'rw', options: {} },
  ];
}

// One for all runs: Node 20 and 22 slow every promise of the process by each instance that was ever used.
const asking = new AsyncLocalStorage<number>();

/** One seeded run: some processes, each with tasks that ask for locks again and again, under a climate. */
export class Campaign {
  private readonly world = new World();
  private readonly dice: Dice;
  private readonly servers: readonly SimulatedServer[];
  private readonly history: HistoryRecorder;
  private readonly members: Member[] = [];
  private readonly faults: string[] = [];
  private grants = 0;

  constructor(
    seed: number,
    private readonly climate: Climate,
  ) {
    this.dice = new Dice(seed);
    const { world, dice } = this;
    const { servers, apartMs } = climate.quorum ?? { servers: 1, apartMs: 0 };
    this.servers = Array.from({ length: servers }, () => new SimulatedServer(world, dice, climate.weather));
    if (climate.quorum) for (const server of this.servers) server.aheadMs = dice.between(0, apartMs);
    this.history = recordHistory({ nowMs: () => world.nowMs } as never);
  }

  async run(): Promise<Run> {
    for (let index = 0; index < PROCESSES; index++) this.addProcess(`p${index}`);
    this.plan('cut', this.climate.cutEveryMs);
    this.plan('silence', this.climate.silenceEveryMs);
    this.plan('pause', this.climate.pauseEveryMs);
    this.plan('kill', this.climate.killEveryMs);
    this.planRestarts();
    await this.world.run(BUSY_MS + 60_000);
    await this.end();
    return { history: this.history, faults: this.faults, grants: this.grants };
  }

  private addProcess(name: string): void {
    const { clockDrift } = this.climate;
    const process = new SimulatedProcess(name, this.world, 1 + this.dice.between(-clockDrift, clockDrift));
    const links = this.servers.map((server) =>
      server.linkTo(
        process,
        this.taps(() => member),
      ),
    );
    const runtime = new LockRuntime({
      store: this.storeOf(links.map(({ store }) => store)),
      namespace: 'sim',
      waitMs: 20_000,
      watchdogMs: this.climate.watchdogMs,
      shutdownMs: 1_000,
      clock: process,
      random: this.dice.next,
      limits: { mostUsers: 4, mostMs: 50 },
    });
    const member: Member = {
      process,
      links: links.map(({ link }) => link),
      runtime,
      tasks: 0,
      holds: new Map(),
      asks: new Set(),
    };
    this.members.push(member);
    for (let task = 0; task < TASKS; task++) void this.task(member);
  }

  private storeOf(stores: readonly LockStore[]): LockStore {
    const { quorum } = this.climate;
    if (!quorum) return stores[0]!;
    return quorumOf(stores, { restartDelay: quorum.restartDelayMs }, this.dice.next);
  }

  /** Over several servers neither a place nor a withdrawal says anything by itself. */
  private taps(member: () => Member): Taps {
    if (this.climate.quorum) return { onAsk: () => () => undefined, onLeave: () => () => undefined };
    return {
      onAsk: () => {
        const request = asking.getStore();
        return () => request !== undefined && this.history.note(request, { kind: 'queued' });
      },
      onLeave: () => this.withdraws(member()),
    };
  }

  private async task(member: Member): Promise<void> {
    member.tasks++;
    while (this.world.nowMs < BUSY_MS) {
      await member.process.sleep(this.dice.between(0, 40));
      await this.useLock(member);
    }
    member.tasks--;
  }

  private async useLock(member: Member): Promise<void> {
    const { also, options, ...asked } = kinds(this.dice, this.climate);
    const all = this.withPatience(member, options);
    const isSingle = all.waitTime === 0;
    const waits = !isSingle && !KEPT_UNSEEN.has(asked.key);
    // Of several keys a request stands in one line at a time: it counts from its grant on.
    const request = also === undefined ? this.askedBy(member, { ...asked, waits }) : undefined;
    const keys = also === undefined ? [asked.key] : [asked.key, also];
    const body = (lock: LockHandle): Promise<void> => this.body({ member, lock, request, asked });
    const ask = (): Promise<void> => member.runtime.withLock(keys, all, body);
    try {
      await (request === undefined ? ask() : asking.run(request, ask));
    } catch {
      if (request !== undefined && member.asks.has(request)) this.giveUp(member, request, isSingle);
    }
  }

  private askedBy(member: Member, asked: Omit<Asked, 'client'>): number {
    const request = this.history.asked({ ...asked, client: member.process.name });
    member.asks.add(request);
    return request;
  }

  private withPatience(member: Member, options: LockOptions): LockOptions {
    const { dice } = this;
    const waitTime = dice.pick([undefined, undefined, undefined, 0, dice.between(1, 500)]);
    const patient = waitTime === undefined ? options : { ...options, waitTime };
    if (!dice.chance(0.1)) return patient;
    const abort = new AbortController();
    member.process.setTimer(dice.between(0, 300), () => abort.abort(new Error('aborted')));
    return { ...patient, signal: abort.signal };
  }

  /**
   * Where every grant comes in time a request is given up when the server has its withdrawal, though it waits for the
   * answer; elsewhere what leaves may be a grant that came too late.
   */
  private withdraws(member: Member): () => void {
    const request = asking.getStore();
    return () => {
      if (!this.isCalm || this.climate.pauseEveryMs !== Infinity || request === undefined) return;
      if (member.asks.has(request)) this.giveUp(member, request, false);
    };
  }

  private get isCalm(): boolean {
    return this.climate.cutEveryMs === Infinity && this.climate.silenceEveryMs === Infinity;
  }

  /** Not granted: it can hold no more once it was withdrawn; where that went unheard, at the end of a lease. */
  private giveUp(member: Member, request: number, isSingle: boolean): void {
    member.asks.delete(request);
    if (this.isCalm) this.history.note(request, { kind: isSingle ? 'busy' : 'timedOut' });
    else this.history.note(request, { kind: 'unknown', untilMs: this.world.nowMs + this.climate.ghostMs });
  }

  private async body({ member, lock, request, asked }: Body): Promise<void> {
    const { history } = this;
    this.grants++;
    const requests: number[] = [];
    for (const key of lock.keys) {
      const number = request ?? history.asked({ ...asked, key, client: member.process.name, waits: false });
      member.asks.delete(number);
      requests.push(number);
      history.note(number, {
        kind: 'granted',
        owner: lock.owner + lock.fencingTokenOf(key),
        token: lock.fencingTokenOf(key),
      });
      member.holds.set(number, lock);
    }
    const noteAll = (kind: 'lost' | 'released'): void => {
      if (member.process.isKilled) return;
      for (const number of requests) this.endHold(member, number, kind);
    };
    lock.signal.addEventListener('abort', () => noteAll('lost'));
    await member.process.sleep(
      this.dice.chance(0.05) ? this.dice.between(0, 3_000) : this.dice.between(0, 30),
    );
    noteAll('released');
  }

  private endHold(member: Member, number: number, kind: 'lost' | 'released'): void {
    const lock = member.holds.get(number);
    if (!lock) return;
    member.holds.delete(number);
    this.history.note(number, { kind: 'renewed', untilMs: member.process.worldMs(deadlineOf(lock)) });
    this.history.note(number, { kind });
  }

  private plan(what: Fault, everyMs: number): void {
    if (everyMs === Infinity) return;
    let atMs = 0;
    for (;;) {
      atMs += this.dice.between(0, 2 * everyMs);
      if (atMs > BUSY_MS) return;
      this.world.at(atMs, () => this.strike(what, this.dice.pick(this.members)));
    }
  }

  private planRestarts(): void {
    const { quorum } = this.climate;
    if (!quorum || quorum.restartEveryMs === Infinity) return;
    for (let atMs = 0; atMs <= BUSY_MS; atMs += this.dice.between(0, 2 * quorum.restartEveryMs)) {
      const server = this.dice.pick(this.servers);
      if (atMs > 0) this.world.at(atMs, () => server.restart(this.dice.between(10, 500)));
    }
  }

  private strike(what: Fault, member: Member): void {
    if (member.process.isKilled) return;
    const link = member.links.length > 1 ? this.dice.pick(member.links) : member.links[0]!;
    if (what === 'cut') link.cut(this.dice.between(0, this.climate.longestCutMs));
    else if (what === 'silence') link.silence(this.dice.between(500, 3_000));
    else if (what === 'pause') member.process.pause(this.dice.between(0, this.climate.longestPauseMs));
    else this.kill(member);
  }

  /** What it held it believes in until its local deadline; what it asked may still be granted, to nobody. */
  private kill(member: Member): void {
    if (this.members.filter(({ process }) => !process.isKilled).length <= 2) return;
    for (const [number, lock] of member.holds) {
      const untilMs = member.process.worldMs(deadlineOf(lock));
      this.history.note(number, { kind: 'renewed', untilMs });
    }
    for (const number of member.asks) {
      this.history.note(number, {
        kind: 'unknown',
        untilMs: this.world.nowMs + 10_000 + this.climate.watchdogMs,
      });
    }
    member.asks.clear();
    member.process.isKilled = true;
    for (const link of member.links) link.cut(0);
  }

  private async end(): Promise<void> {
    const alive = this.members.filter(({ process }) => !process.isKilled);
    for (const { process, tasks } of alive) {
      if (tasks > 0) this.faults.push(`${tasks} tasks of ${process.name} never ended`);
    }
    const ended = Promise.all(alive.map(({ runtime }) => runtime.shutdown()));
    await this.world.run(this.world.nowMs + 30_000);
    await ended;
    for (const { process } of alive) {
      if (process.timers > 0) this.faults.push(`${process.timers} timers of ${process.name} were left`);
    }
    // Whoever passes sweeps; nothing is left for it after that.
    for (const { space } of this.servers) {
      for (let pass = 0; pass < 20; pass++) space.forceRelease(`sim:${pass}`);
      if (space.size > 0) this.faults.push(`${space.size} keys were left`);
    }
  }
}

type Fault = 'cut' | 'silence' | 'pause' | 'kill';

interface Member {
  readonly process: SimulatedProcess;
  readonly links: readonly Link[];
  readonly runtime: LockRuntime;
  tasks: number;
  /** By request. */
  readonly holds: Map<number, LockHandle>;
  readonly asks: Set<number>;
}

interface Body {
  readonly member: Member;
  readonly lock: LockHandle;
  readonly request: number | undefined;
  readonly asked: Omit<Asked, 'client' | 'waits'>;
}

function deadlineOf(lock: LockHandle): number {
  return Math.min(...(lock as unknown as InnerHandle).locks.map(({ hold }) => hold.deadlineMs));
}
