import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientProgram } from '../support/client-program.js';
import { until } from '../support/until.js';
import { type Bounds, measureBounds } from './bounds.js';
import { Control, type Stall } from './control.js';
import { type FaultKind, kindNamed, kindsFor } from './faults.js';
import { machineMs } from './machine-time.js';
import { readHistory, type Told } from './read-history.js';
import { Resource } from './resource.js';
import { type PlannedFault, planFaults } from './schedule.js';
import { aftermathMs } from './shadows.js';
import { type Life, Slot } from './slot.js';
import type { Backing, Topology } from './topology.js';

export interface CampaignSettings {
  readonly topology: Topology;
  readonly program: ClientProgram;
  readonly seed: number;
  readonly forMs: number;
  /** On average so long after the last one a fault begins, in milliseconds. Default 1,200. */
  readonly everyMs?: number;
  /** The lease that is renewed, in milliseconds. Default: the topology's, or 3,000. */
  readonly watchdogMs?: number;
  /** Only these kinds of fault. Default: all that can happen to the store. */
  readonly only?: readonly string[];
  /** True where the bounds on waiting are measured before the work begins. */
  readonly measures?: boolean;
  /** Told of what happens, for people who watch. */
  readonly onProgress?: (text: string) => void;
}

/** A fault as it happened, on the machine's clock. */
export interface Struck {
  readonly kind: string;
  readonly slot: number | undefined;
  readonly startMs: number;
  readonly endMs: number;
}

/** All that is known of a campaign that is over. */
export interface Record extends Told {
  readonly topology: Topology;
  readonly seed: number;
  readonly slots: number;
  readonly watchdogMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly struck: readonly Struck[];
  readonly stalls: readonly Stall[];
  readonly lives: readonly Life[];
  readonly resource: Resource;
  readonly bounds: Bounds | undefined;
  /** Keys that were not free when all had gone. */
  readonly leftovers: readonly string[];
}

const SLOTS = 4;
const WATCHDOG_MS = 3_000;
/** Before the first fault, and after the last; in a short campaign a tenth of it. */
const CALM_MS = 1_000;
const EVERY_MS = 1_200;
/** So long things may be left by the dead, or by who could not withdraw; page 1 has nothing that stays longer. */
const LEFT_MS = 15_000;
/** So much of a campaign that lasts at least so long is a mixture; then faults come one by one. */
const MIXED_SHARE = 0.5;
const ALONE_FROM_MS = 90_000;
const KEYS = [
  'hot',
  'fair',
  'lease',
  'rw',
  'permits',
  ...Array.from({ length: SLOTS }, (_, n) => `pair-${n}`),
];

/** Real processes at work on a real store, while what was planned for the seed happens to them. */
export class Campaign {
  private readonly resource = new Resource();
  private readonly slots: Slot[] = [];
  private readonly struck: Struck[] = [];
  /** What a target suffers one after the other. */
  private readonly queues = new Map<number | undefined, Promise<void>>();
  private bounds: Bounds | undefined;
  private readonly count: number;
  private readonly watchdogMs: number;

  private constructor(
    private readonly settings: CampaignSettings,
    private readonly backing: Backing,
    private readonly folder: string,
  ) {
    this.count = settings.topology.slots ?? SLOTS;
    this.watchdogMs = settings.watchdogMs ?? settings.topology.watchdogMs ?? WATCHDOG_MS;
  }

  private get calmMs(): number {
    return Math.min(CALM_MS, this.settings.forMs / 10);
  }

  static async run(settings: CampaignSettings): Promise<Record> {
    const folder = await mkdtemp(join(tmpdir(), 'lock-chaos-'));
    const backing = await settings.topology.start();
    try {
      return await new Campaign(settings, backing, folder).run();
    } finally {
      await backing.stop();
      await rm(folder, { recursive: true });
    }
  }

  /** What will happen, for the same seed the same. Times are made for the usual lease. */
  private plan(): PlannedFault[] {
    const { seed, forMs, everyMs = EVERY_MS, topology, only } = this.settings;
    const { watchdogMs, count: slots } = this;
    const scale = (ms: number): number => Math.round((ms * watchdogMs) / WATCHDOG_MS);
    const kinds = kindsFor(topology, this.backing.ports.length > 0)
      .filter(({ name }) => !only || only.includes(name))
      .map((kind) => ({ ...kind, lastsMs: [scale(kind.lastsMs[0]), scale(kind.lastsMs[1])] as const }));
    const alone = { fromMs: forMs * MIXED_SHARE, pauseMs: aftermathMs({ topology, watchdogMs }) };
    const plan = { seed, slots, kinds, everyMs, forMs: forMs - this.calmMs, calmMs: this.calmMs };
    return planFaults(forMs >= ALONE_FROM_MS ? { ...plan, alone } : plan);
  }

  private async run(): Promise<Record> {
    const control = await Control.start(this.backing);
    try {
      await this.begin();
      const startMs = machineMs();
      await this.suffer(startMs);
      await sleep(Math.max(this.calmMs, this.settings.forMs - (machineMs() - startMs)));
      const endMs = machineMs();
      const leftovers = await this.end(control);
      return { ...this.facts(), ...(await this.read()), startMs, endMs, stalls: control.stalls, leftovers };
    } finally {
      await control.stop();
      await Promise.all(this.slots.map((slot) => slot.close()));
    }
  }

  private async begin(): Promise<void> {
    const { program, seed } = this.settings;
    const { backing, resource, folder, count: slots, watchdogMs } = this;
    const place = { program, backing, resource, folder, seed, slots, watchdogMs };
    const opened = Array.from({ length: slots }, (_, index) => Slot.open(index, place));
    this.slots.push(...(await Promise.all(opened)));
    if (this.settings.measures) this.bounds = await this.measure();
    await Promise.all(this.slots.map((slot) => slot.live()));
  }

  /** Before the work, with processes that end with it. */
  private async measure(): Promise<Bounds> {
    const { slots, backing } = this;
    const { topology, onProgress } = this.settings;
    onProgress?.('measuring how long the next one waits behind the dead, and untold');
    await Promise.all(slots.map((slot) => slot.start()));
    const bounds = await measureBounds({ slots, backing, topology });
    await Promise.all(slots.map((slot) => slot.kill()));
    return bounds;
  }

  private async suffer(startMs: number): Promise<void> {
    for (const fault of this.plan()) {
      await sleep(Math.max(0, startMs + fault.atMs - machineMs()));
      const before = this.queues.get(fault.slot) ?? Promise.resolve();
      this.queues.set(
        fault.slot,
        before.then(() => this.strike(kindNamed(fault.kind), fault)),
      );
    }
    await Promise.all(this.queues.values());
  }

  private async strike(kind: FaultKind, fault: PlannedFault): Promise<void> {
    const { topology, onProgress } = this.settings;
    const startMs = machineMs();
    const where = fault.slot === undefined ? 'the server' : `process ${fault.slot}`;
    onProgress?.(`${kind.title}: ${where}, ${fault.lastsMs} ms`);
    const slot = fault.slot === undefined ? undefined : this.slots[fault.slot];
    await kind.strike({ slot, backing: this.backing, topology }, fault);
    this.struck.push({ kind: kind.name, slot: fault.slot, startMs, endMs: machineMs() });
  }

  /** Everybody finishes, and leaves; then nothing may be in the way of whoever comes. */
  private async end(control: Control): Promise<string[]> {
    await Promise.all(this.slots.map((slot) => slot.ask('finish')));
    await Promise.all(this.slots.map((slot) => slot.leave()));
    const left = async (): Promise<string[]> => {
      const names = await Promise.all(KEYS.map(async (key) => ((await control.isFree(key)) ? '' : key)));
      return names.filter((name) => name !== '');
    };
    // What a process left that was killed ends with its lease, and with the silence of its places.
    await until('nothing is left', async () => (await left()).length === 0, LEFT_MS).catch(() => undefined);
    return left();
  }

  private read(): Promise<Told> {
    return readHistory(this.slots.flatMap(({ lives }) => lives));
  }

  private facts(): Pick<
    Record,
    'topology' | 'seed' | 'slots' | 'watchdogMs' | 'struck' | 'lives' | 'resource' | 'bounds'
  > {
    const { struck, resource, count: slots, watchdogMs, bounds } = this;
    const { topology, seed } = this.settings;
    const lives = this.slots.flatMap((slot) => slot.lives);
    return { topology, seed, slots, watchdogMs, struck, lives, resource, bounds };
  }
}
