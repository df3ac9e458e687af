import type { Crew } from '../contestant/crew.js';
import type { Locker } from '../library.js';
import { median } from '../measure/statistics.js';
import type { Figures, Pace, Scene, Workload } from './workload.js';

const IN_FLIGHT = 256;
/** A turn is cut into so many slices, of the library and of the yardstick in turns. */
const SLICES = 4;

interface Order {
  readonly key: string;
  readonly forMs: number;
  readonly waitMs: number;
}

/** So many at once, each on a key of its own; pairs a second in each slice. */
async function flights(
  { locker, yardstick }: Scene,
  order: Order,
): Promise<{ own: number[]; floor: number[] }> {
  const slice = { ...order, forMs: order.forMs / SLICES / 2 };
  const own: number[] = [];
  const floor: number[] = [];
  for (let index = 0; index < SLICES; index++) {
    own.push(await flight(locker, slice));
    floor.push(await flight(yardstick, { ...slice, key: `${order.key}:yardstick` }));
  }
  return { own, floor };
}

async function flight(locker: Locker, { key, forMs, waitMs }: Order): Promise<number> {
  const began = performance.now();
  const endMs = began + forMs;
  let pairs = 0;
  const one = async (own: string): Promise<void> => {
    while (performance.now() < endMs) {
      if (locker.pair) await locker.pair(own, waitMs);
      else await (await locker.acquire(own, waitMs))();
      pairs++;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, (_, index) => one(`${key}:${index}`)));
  return (pairs / (performance.now() - began)) * 1_000;
}

/** The commands of the library alone. */
async function some({ locker }: Scene, order: Order): Promise<number> {
  return flight(locker, order);
}

const COUNTED_MS = 100;

async function turn(crew: Crew, { turnMs, waitMs }: Pace): Promise<Figures> {
  const order: Order = { key: crew.key, forMs: turnMs, waitMs };
  const { own, floor } = await crew.processes[0]!.play<{ own: number[]; floor: number[] }>('flights', order);
  return { own: median(own), floor: median(floor), ratio: median(own) / median(floor) };
}

export const manyKeys: Workload = {
  name: 'b',
  title: `${IN_FLIGHT} in flight, each on a key of its own`,
  grounds: ['redis'],
  takes: ({ name }) => name !== 'ours, fair',
  processes: 1,
  columns: [
    { name: 'ratio', title: 'pairs/s ÷ yardstick', digits: 2 },
    { name: 'own', title: 'pairs/s', digits: 0 },
    { name: 'floor', title: 'yardstick pairs/s', digits: 0 },
  ],
  parts: { flights, some },
  turn,
  rehearse: (crew, { waitMs }) =>
    crew.processes[0]!.play('some', { key: crew.key, forMs: COUNTED_MS, waitMs }),
};
