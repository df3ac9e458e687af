import { setTimeout as sleep } from 'node:timers/promises';
import type { LockStore } from '../../lib/line/store.js';
import { openSession, type OpenSession, requestFor } from '../support/open-session.js';
import { machineMs } from './machine-time.js';
import { storeOf } from './store-words.js';
import type { Backing } from './topology.js';

/** A time in which a client without any fault waited for the server, or this process for the machine. */
export interface Stall {
  readonly startMs: number;
  readonly endMs: number;
}

const EVERY_MS = 50;
/** What a command takes at most, with the timer before it, on a machine that has time. */
const USUAL_MS = 30;

/**
 * A further client of the same store, without wires that could be treated badly: what takes long for it takes long
 * because the machine, or the server, is busy.
 */
export class Control {
  readonly stalls: Stall[] = [];
  private session: OpenSession | undefined;
  private readonly running: Promise<void>;
  private isOver = false;

  private constructor(private readonly store: LockStore) {
    this.running = this.watch();
  }

  static async start(backing: Backing): Promise<Control> {
    return new Control(await storeOf(backing.words((port) => port)));
  }

  /** True where whoever comes is granted the key at once. What the dead left is dropped by who looks. */
  async isFree(key: string): Promise<boolean> {
    const request = requestFor(`chaos:${key}`, { takesPlace: false });
    const leave = { keys: request.keys, owner: request.owner, refuses: false, keepMs: 0 };
    try {
      const session = await this.open();
      const { kind } = await session.acquire(request);
      await session.release(leave);
      return kind === 'held';
    } catch {
      // Its own connection may be on the way back from the last fault.
      return false;
    }
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await this.running;
    await this.session?.close();
  }

  private async watch(): Promise<void> {
    while (!this.isOver) {
      const startMs = machineMs();
      await sleep(EVERY_MS);
      await this.ask();
      const endMs = machineMs();
      if (endMs - startMs > EVERY_MS + USUAL_MS) this.stalls.push({ startMs: startMs + EVERY_MS, endMs });
    }
  }

  private async ask(): Promise<void> {
    try {
      await (await this.open()).inspect('control');
    } catch {
      // The server is away: that is a fault of the campaign, and its time is known.
    }
  }

  private async open(): Promise<OpenSession> {
    this.session ??= await openSession(this.store, 3_000);
    return this.session;
  }
}
