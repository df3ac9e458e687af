import { LockStoreError } from '../../lib/errors.js';
import { KeySpace } from '../../lib/line/key-space.js';
import type { Hint, LockStore, SessionContext, StoreSession } from '../../lib/line/store.js';
import type { Call } from '../../lib/line/transition.js';
import type { Dice, SimulatedProcess, World } from './world.js';

/** How bad the network is; times in milliseconds. */
export interface Weather {
  readonly latencyMs: number;
  readonly messageLoss: number;
  readonly messageTwice: number;
  /** Messages come up to so late, and so in any order. */
  readonly messageDelayMs: number;
}

/** Commands of a connection that was cut arrive up to so late; the ids of their owners are refused for longer. */
const LATEST_GHOST_MS = 9_000;

/** A back end that is the model itself, behind a network that loses, delays, repeats and reorders. */
export class SimulatedServer {
  space: KeySpace;
  private readonly links = new Map<string, Link>();

  /** How far its clock is ahead of the world's. */
  aheadMs = 0;

  constructor(
    readonly world: World,
    readonly dice: Dice,
    readonly weather: Weather,
  ) {
    this.space = this.emptySpace();
  }

  /** It starts again without its data; whatever was under way is lost with it. */
  restart(downMs: number): void {
    this.space = this.emptySpace();
    for (const link of this.links.values()) link.cut(downMs, { isLost: true });
  }

  private emptySpace(): KeySpace {
    const nowUs = (): number => 1_900_000_000_000_000 + Math.floor((this.world.nowMs + this.aheadMs) * 1000);
    return new KeySpace({ nowUs, send: (call) => this.send(call) });
  }

  /** The store that a process is given, and the link by which it can be cut. */
  linkTo(process: SimulatedProcess, taps: Taps): { link: Link; store: LockStore } {
    const link = new Link(this, process, taps);
    this.links.set(process.name, link);
    return { link, store: link };
  }

  private send({ kind, session, owner }: Call): void {
    const { messageLoss, messageTwice, messageDelayMs } = this.weather;
    const copies = this.dice.chance(messageLoss) ? 0 : this.dice.chance(messageTwice) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      this.world.at(this.world.nowMs + this.dice.between(0, messageDelayMs), () =>
        this.links.get(session)?.hint({ kind, owner }),
      );
    }
  }
}

/** Called when the request that made a command has a place in the line. */
type OnQueued = () => void;

/** What a history wants to know of a link, told in the context of the request that sends. */
export interface Taps {
  readonly onAsk: () => OnQueued;
  /** Returns what is called when the server has done it. */
  readonly onLeave: () => () => void;
}

interface Command {
  isCut: boolean;
  arrivesMs: number;
  readonly reject: (error: unknown) => void;
}

/** One process's connection: in order while it stands, anything once it was cut. */
export class Link implements LockStore {
  readonly name = 'simulated';
  readonly raisesTokens = true;
  readonly capabilities = {
    shared: true,
    permits: true,
    leases: true,
    fairOrder: true,
    wakeUp: 'message',
  } as const;
  private readonly dice: Dice;
  private onHint: ((hint: Hint) => void) | undefined;
  private downUntilMs = 0;
  private isSilent = false;
  private lastArrivalMs = 0;
  private lastAnswerMs = 0;
  private readonly pending = new Set<Command>();

  constructor(
    private readonly server: SimulatedServer,
    private readonly process: SimulatedProcess,
    private readonly taps: Taps,
  ) {
    this.dice = server.dice;
  }

  connect({ onHint }: SessionContext): Promise<StoreSession> {
    this.onHint = onHint;
    const { server } = this;
    const { name } = this.process;
    return Promise.resolve({
      acquire: (request) => this.command(() => server.space.acquire(request, name), this.taps.onAsk()),
      renew: (leases) => this.command(() => server.space.renew(leases)),
      release: (request) => {
        const onLeft = this.taps.onLeave();
        return this.command(() => {
          server.space.release(request);
          onLeft();
        });
      },
      inspect: (key) => this.command(() => server.space.inspect(key)),
      forceRelease: (key) => this.command(() => server.space.forceRelease(key)),
      close: () => Promise.resolve(),
    });
  }

  hint(hint: Hint): void {
    if (this.server.world.nowMs < this.downUntilMs || this.isSilent) return;
    this.process.deliver(() => this.onHint?.(hint));
  }

  /** The connection breaks; what was under way is lost, or arrives late and is answered to nobody. */
  cut(forMs: number, { isLost = false } = {}): void {
    const { world } = this.server;
    this.isSilent = false;
    this.downUntilMs = world.nowMs + forMs;
    for (const command of this.pending) {
      command.isCut = true;
      const neverArrives = isLost || this.dice.chance(0.5);
      command.arrivesMs = neverArrives ? Infinity : world.nowMs + this.dice.between(0, LATEST_GHOST_MS);
      this.process.deliver(() => command.reject(failure()));
    }
    this.pending.clear();
    world.at(this.downUntilMs, () => this.hint({ kind: 'all' }));
  }

  /** A partition without a word: nothing is answered until the client gives the connection up. */
  silence(forMs: number): void {
    this.isSilent = true;
    this.server.world.at(this.server.world.nowMs + forMs, () => this.isSilent && this.cut(100));
  }

  private command<T>(apply: () => T, onQueued?: OnQueued): Promise<T> {
    const { world, weather } = this.server;
    return new Promise((resolve, reject) => {
      if (world.nowMs < this.downUntilMs) {
        this.process.setTimer(1, () => reject(failure()));
        return;
      }
      const arrivesMs = Math.max(this.lastArrivalMs, world.nowMs + this.dice.between(0, weather.latencyMs));
      this.lastArrivalMs = arrivesMs;
      const command: Command = { isCut: false, arrivesMs, reject };
      this.pending.add(command);
      this.arrive(command, apply, (value) => {
        if (isBusy(value)) onQueued?.();
        resolve(value);
      });
    });
  }

  private arrive<T>(command: Command, apply: () => T, resolve: (value: T) => void): void {
    const { world, weather } = this.server;
    const dueMs = command.arrivesMs;
    if (dueMs === Infinity) return;
    world.at(dueMs, () => {
      // Cut meanwhile: it arrives at another time, or never.
      if (command.arrivesMs !== dueMs) return this.arrive(command, apply, resolve);
      if (this.isSilent && !command.isCut && this.dice.chance(0.5)) return;
      const value = apply();
      if (command.isCut) return;
      this.lastAnswerMs = Math.max(this.lastAnswerMs, world.nowMs + this.dice.between(0, weather.latencyMs));
      world.at(this.lastAnswerMs, () => {
        if (command.isCut || this.isSilent) return;
        this.pending.delete(command);
        this.process.deliver(() => resolve(value));
      });
    });
  }
}

function isBusy(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'busy';
}

function failure(): LockStoreError {
  return new LockStoreError('The connection was cut.', {
    store: 'simulated',
    operation: 'acquire',
    isTransient: true,
  });
}
