import { setTimeout as sleep } from 'node:timers/promises';
import type { Caught, TcpProxy } from '../support/tcp-proxy.js';
import type { Slot } from './slot.js';
import type { Backing, Topology } from './topology.js';
import type { Plannable, PlannedFault } from './schedule.js';

/** Where a fault strikes. */
export interface Target {
  readonly slot: Slot | undefined;
  readonly backing: Backing;
  readonly topology: Topology;
}

export interface FaultKind extends Plannable {
  /** What happens, for people. */
  readonly title: string;
  /** Where a recovery is measured from its beginning, though the servers are out of reach until its end. */
  readonly isWhole?: boolean;
  /** Resolves when it is over. */
  strike(on: Target, fault: PlannedFault): Promise<void>;
}

const process = { hits: 'process', weight: 1 } as const;
const wire = { hits: 'wire', weight: 1 } as const;
const server = { hits: 'server', weight: 1 } as const;

const onProcess =
  (strike: (slot: Slot, lastsMs: number) => Promise<unknown>): FaultKind['strike'] =>
  async ({ slot }, { lastsMs }) => {
    await strike(slot!, lastsMs);
  };

const onWires =
  (strike: (wire: TcpProxy, fault: PlannedFault, target: Target) => Caught | void): FaultKind['strike'] =>
  async (target, fault) => {
    const { slot } = target;
    const wires = slot!.someWires(fault.pick);
    const caught = wires.map((one) => strike(one, fault, target));
    await sleep(fault.lastsMs);
    caught.forEach((one) => one?.release());
    for (const one of wires) one.flow();
  };

const onServers: FaultKind['strike'] = ({ backing, topology }, fault) =>
  topology.harms[fault.kind]!(backing, fault);

/** One of the two, by the fraction of `pick` that chose no wire. */
const eitherOf = <T>(pick: number, one: T, other: T): T => (((pick * 1_000) | 0) % 2 === 0 ? one : other);

const commandOf = ({ topology }: Target, { pick }: PlannedFault): string =>
  eitherOf(pick, topology.commands!.acquire, topology.commands!.release);

/** Times are chosen against a lease of three seconds, and its renewals each second. */
const KINDS: readonly FaultKind[] = [
  {
    name: 'kill',
    title: 'process killed (SIGKILL)',
    lastsMs: [200, 2_000],
    ...process,
    strike: onProcess(async (slot, lastsMs) => {
      await slot.kill();
      await sleep(lastsMs);
      await slot.live();
    }),
  },
  {
    name: 'stop',
    title: 'process stopped beyond its lease (SIGSTOP)',
    lastsMs: [2_500, 6_000],
    ...process,
    strike: onProcess((slot, lastsMs) => slot.stopFor(lastsMs)),
  },
  {
    name: 'block',
    title: 'event loop blocked',
    lastsMs: [500, 5_000],
    ...process,
    strike: onProcess((slot, lastsMs) => slot.ask('block', lastsMs)),
  },
  {
    name: 'leave',
    title: 'shutdown under load (SIGTERM)',
    lastsMs: [100, 1_000],
    ...process,
    strike: onProcess(async (slot, lastsMs) => {
      await slot.leave();
      await sleep(lastsMs);
      await slot.live();
    }),
  },
  {
    name: 'wall-clock',
    title: "a client's wall clock shifted by an hour",
    lastsMs: [0, 100],
    ...process,
    strike: onProcess((slot, lastsMs) => slot.ask('shiftClock', lastsMs < 50 ? 3_600_000 : -3_600_000)),
  },
  {
    name: 'cut',
    title: 'connections cut',
    lastsMs: [0, 800],
    ...wire,
    strike: onWires((one, { pick, lastsMs }) => {
      eitherOf(
        pick,
        () => one.reset(),
        () => one.cut(),
      )();
      if (lastsMs > 200) one.refuse();
    }),
  },
  {
    name: 'lost-reply',
    title: 'reply dropped after the server applied the command',
    lastsMs: [50, 400],
    ...wire,
    strike: onWires((one, fault, target) => void one.loseAnswer(commandOf(target, fault))),
  },
  {
    name: 'late-reply',
    title: 'reply delayed beyond the lease',
    lastsMs: [3_200, 5_000],
    ...wire,
    strike: onWires((one, fault, target) => void one.holdAnswer(commandOf(target, fault))),
  },
  {
    name: 'late-command',
    title: 'command overtaken by later ones',
    lastsMs: [300, 4_000],
    ...wire,
    strike: onWires((one, fault, target) => void one.holdRequest(commandOf(target, fault))),
  },
  {
    name: 'delay',
    title: 'everything delayed',
    lastsMs: [500, 3_000],
    ...wire,
    strike: onWires((one, { pick }) => one.delay(20 + Math.round(pick * 280))),
  },
  {
    name: 'stall',
    title: 'wires stand still, nothing is lost',
    lastsMs: [300, 4_500],
    ...wire,
    strike: onWires((one) => {
      one.hold('toServer');
      one.hold('toClient');
    }),
  },
  {
    name: 'one-way',
    title: 'one-way partition',
    lastsMs: [1_000, 5_000],
    ...wire,
    strike: onWires((one, { pick }) => one.swallow(eitherOf(pick, 'toServer', 'toClient'))),
  },
  {
    name: 'partition',
    title: 'full partition',
    lastsMs: [1_000, 5_000],
    ...wire,
    strike: onWires((one) => one.swallow('toServer', 'toClient')),
  },
  {
    name: 'restart',
    title: 'server killed, back with its data',
    lastsMs: [100, 2_500],
    ...server,
    strike: onServers,
  },
  {
    name: 'forget',
    title: 'server killed, back without its data',
    lastsMs: [100, 2_500],
    ...server,
    strike: onServers,
  },
  {
    name: 'pause',
    title: 'server stopped (SIGSTOP)',
    lastsMs: [500, 4_500],
    ...server,
    strike: onServers,
  },
  {
    name: 'fail-over',
    title: 'fail-over',
    lastsMs: [500, 3_000],
    ...server,
    isWhole: true,
    strike: onServers,
  },
  { name: 'full', title: 'server out of memory', lastsMs: [500, 3_000], ...server, strike: onServers },
  {
    name: 'lost-messages',
    title: 'messages dropped, and no new subscription',
    lastsMs: [200, 2_000],
    ...server,
    strike: onServers,
  },
];

const WITHOUT_WIRES = ['process'];

/** What can happen to a store, whose servers have wires or not. */
export function kindsFor(topology: Topology, hasWires: boolean): FaultKind[] {
  return KINDS.filter(({ name, hits }) => {
    if (hits === 'server') return name in topology.harms;
    if (!hasWires) return WITHOUT_WIRES.includes(hits);
    return hits === 'process' || topology.commands !== undefined || !NEED_COMMANDS.includes(name);
  });
}

const NEED_COMMANDS = ['lost-reply', 'late-reply', 'late-command'];

export function kindNamed(name: string): FaultKind {
  return KINDS.find((kind) => kind.name === name)!;
}
