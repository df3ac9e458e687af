import type {
  AcquireReply,
  AcquireRequest,
  Hint,
  SessionContext,
  StoreSession,
} from '../../../../lib/line/store.js';
import { quorumOf, type QuorumOptions } from '../../../../lib/stores/quorum/quorum-store.js';
import { type ManualClock, manualClock } from '../../../../lib/testing/manual-clock.js';
import { type Command, cut, ScriptedStore } from '../../core/scripted-store.js';
import { requestFor } from '../../../support/open-session.js';

export const WATCHDOG_MS = 10_000;
export const KEY = 'test:a';

/** A node whose server is the model, its clock ahead of the others' by so many microseconds. */
export class Node extends ScriptedStore {
  /** Its answers come so late, in milliseconds; the commands arrive at once. */
  answersLateMs = 0;
  /** What it says of its life; nothing, where it is not set. */
  life: (() => string | undefined) | undefined;
  private isDownNow = false;
  private readonly timers: ManualClock;

  constructor(clock: ManualClock, aheadUs: number) {
    super({ ...clock, nowMs: () => clock.nowMs(), epochUs: () => clock.epochUs() + aheadUs });
    this.timers = clock;
    this.onCommand = (command) => this.handle(command);
    this.onConnect = () => (this.isDownNow ? Promise.reject(cut('connect')) : Promise.resolve());
  }

  /** Connections are refused, commands fail. */
  goDown(): void {
    this.isDownNow = true;
  }

  /** Answers again; empty, where it was restarted without its data. */
  comeBack({ isEmpty }: { isEmpty: boolean }): void {
    this.isDownNow = false;
    if (isEmpty) this.forget();
    for (const { context, isClosed } of this.sessions) if (!isClosed) context.onHint({ kind: 'all' });
  }

  /** Answers again, empty, and nobody says so. */
  restartSilently(): void {
    this.isDownNow = false;
    this.forget();
  }

  override async connect(context: SessionContext): Promise<StoreSession> {
    const session = await super.connect(context);
    return Object.assign(session, { life: () => Promise.resolve(this.life?.()) });
  }

  /** What stands there for the key, or is waited for. */
  get left(): number {
    const { holders, waiters } = this.space.inspect(KEY);
    return holders.length + waiters;
  }

  get holders(): string[] {
    return this.space.inspect(KEY).holders.map(({ owner }) => owner);
  }

  get tokens(): number[] {
    return this.space.inspect(KEY).holders.map(({ token }) => token);
  }

  private handle(command: Command): boolean {
    if (this.isDownNow) command.fail();
    else if (this.answersLateMs > 0) {
      command.apply();
      this.timers.setTimer(this.answersLateMs, () => command.answer());
    } else return false;
    return true;
  }
}

export interface OpenQuorum extends StoreSession {
  readonly hints: Hint[];
}

/** Nodes on one clock, and sessions on quorums of them; each session has a quorum store of its own, as a process has. */
export class QuorumWorld {
  readonly clock = manualClock();
  readonly nodes: readonly Node[];

  constructor(count: number, { aheadUs = [] }: { aheadUs?: readonly number[] } = {}) {
    this.nodes = Array.from({ length: count }, (_, index) => new Node(this.clock, aheadUs[index] ?? 0));
  }

  async session(options: QuorumOptions = {}): Promise<OpenQuorum> {
    const { clock, nodes } = this;
    const hints: Hint[] = [];
    const store = quorumOf(nodes, options, () => 0.5);
    const opening = store.connect({ clock, watchdogMs: WATCHDOG_MS, onHint: (hint) => hints.push(hint) });
    opening.catch(() => undefined);
    await clock.advanceAsync(200);
    return Object.assign(await opening, { hints });
  }

  /** What comes of it when so much time has passed. */
  async after<T>(ms: number, promise: Promise<T>): Promise<T> {
    promise.catch(() => undefined);
    await this.clock.advanceAsync(ms);
    return promise;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.setTimer(ms, resolve));
  }

  /** Of each node, what is left of the key there. */
  get left(): number[] {
    return this.nodes.map(({ left }) => left);
  }
}

export function ask(changes: Partial<AcquireRequest> = {}): AcquireRequest {
  return requestFor(KEY, changes);
}

export function leaving({ keys, owner }: AcquireRequest): {
  keys: readonly string[];
  owner: string;
  refuses: boolean;
  keepMs: number;
} {
  return { keys, owner, refuses: false, keepMs: 0 };
}

/** Token and rest of a request for one key. @throws Error where it does not hold */
export function grantOf(reply: AcquireReply): { token: number; restMs: number } {
  if (reply.kind !== 'held') throw new Error(`It does not hold: ${JSON.stringify(reply)}`);
  return reply.grants[0]!;
}
