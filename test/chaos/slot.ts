import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { ClientProcess } from '../support/client-process.js';
import type { ClientProgram } from '../support/client-program.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { machineMs } from './machine-time.js';
import type { Resource } from './resource.js';
import type { Backing } from './topology.js';
import type { Labour } from './worker.js';

/** One life of a slot's process. */
export interface Life {
  readonly slot: number;
  /** Its log, one line for each thing it saw. */
  readonly file: string;
  /** When SIGKILL was sent to it, on the machine's clock; undefined where it was not. */
  killedMs: number | undefined;
  /** When SIGTERM was sent, and when it had ended by itself, with this status. */
  leftMs?: number;
  exitMs?: number;
  status?: number | NodeJS.Signals | null;
}

export interface SlotPlace {
  readonly program: ClientProgram;
  readonly backing: Backing;
  readonly resource: Resource;
  readonly folder: string;
  readonly seed: number;
  readonly slots: number;
  readonly watchdogMs: number;
}

/** So many lives of one slot are told apart by their seeds. */
const MOST_LIVES = 1_000;

/** One of the places for a process: its wires stay, processes come and go. */
export class Slot {
  readonly lives: Life[] = [];
  private readonly wires = new Map<number, TcpProxy>();
  private process: ClientProcess | undefined;

  private constructor(
    readonly index: number,
    private readonly place: SlotPlace,
  ) {}

  /** Without a process yet. */
  static async open(index: number, place: SlotPlace): Promise<Slot> {
    const slot = new Slot(index, place);
    for (const port of place.backing.ports) slot.wires.set(port, await TcpProxy.start(port));
    return slot;
  }

  /** All of them, or one of several. */
  someWires(pick: number): TcpProxy[] {
    const all = [...this.wires.values()];
    return pick < 0.5 ? all : [all[Math.floor((pick - 0.5) * 2 * all.length)]!];
  }

  /** Starts a process, and sets it to work. */
  async live(): Promise<void> {
    await this.start();
    const { seed, slots, watchdogMs } = this.place;
    const number = this.lives.length - 1;
    const labour: Labour = {
      seed: seed * MOST_LIVES + this.index * 97 + number,
      slot: this.index,
      slots,
      client: `${this.index}.${number}`,
      watchdogMs,
    };
    await this.ask('work', labour);
  }

  /** Starts a process. */
  async start(): Promise<void> {
    const { program, backing, folder, watchdogMs, resource } = this.place;
    const number = this.lives.length;
    const client = `${this.index}.${number}`;
    const life: Life = { slot: this.index, file: join(folder, `${client}.log`), killedMs: undefined };
    const words = backing.words((port) => this.wires.get(port)!.port);
    const args = [JSON.stringify(words), JSON.stringify({ watchdogMs }), life.file];
    this.process = await ClientProcess.launch(program, {
      main: 'test/chaos/client-main.js',
      args,
      verbs: {
        open: (key: string, token: number) => resource.open(key, token),
        write: (key: string, token: number, value: number) => resource.write(key, token, value),
      },
    });
    this.lives.push(life);
  }

  async kill(): Promise<void> {
    this.lives.at(-1)!.killedMs = machineMs();
    await this.process!.kill();
  }

  /** SIGTERM: it ends by itself. */
  async leave(): Promise<void> {
    const life = this.lives.at(-1)!;
    life.leftMs = machineMs();
    this.process!.signal('SIGTERM');
    life.status = await Promise.race([this.process!.exit(), sleep(30_000, null)]);
    life.exitMs = machineMs();
    if (life.status === null) await this.process!.kill();
  }

  async stopFor(ms: number): Promise<void> {
    this.process!.signal('SIGSTOP');
    await sleep(ms);
    this.process!.signal('SIGCONT');
  }

  ask<T>(verb: string, ...args: unknown[]): Promise<T> {
    return this.process!.ask(verb, ...args);
  }

  async close(): Promise<void> {
    await this.process?.kill();
    await Promise.all([...this.wires.values()].map((wire) => wire.stop()));
  }
}
