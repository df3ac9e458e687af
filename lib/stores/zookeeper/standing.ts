/**
 * Who holds, and for whom the others wait: arithmetic over the nodes of a key, the same for everybody who looks.
 *
 * The longest prefix of the line that fits holds. New nodes come at the end only, so whoever is in the prefix stays in it
 * until its node goes: nobody has to be told of the others' looks.
 */
import { MODE_CAPACITY } from '../../line/store.js';
import { type Claim, type Place, placeOf } from './names.js';

/** How one request stands in the line of its key. */
export type Standing =
  /** `isFollowed`: somebody stands behind it. */
  | { readonly kind: 'holds'; readonly isFollowed: boolean }
  /** Until one of these nodes goes nothing changes for it. */
  | { readonly kind: 'waits'; readonly behind: readonly string[] }
  /** The key is in use with another capacity. */
  | { readonly kind: 'conflict'; readonly capacity: number }
  /** Its node is not there. */
  | { readonly kind: 'absent' };

/** Below a key's node stands one that this layout does not know. */
export class ForeignNode extends Error {
  constructor(readonly nodeName: string) {
    super(`the node "${nodeName}" is not one of this store`);
  }
}

/**
 * The line of a key, in its order.
 * @throws ForeignNode: a later version's request must not be passed over as if it were not there
 */
export function lineOf(names: readonly string[]): readonly Place[] {
  const line = names.map((name) => {
    const place = placeOf(name);
    if (!place) throw new ForeignNode(name);
    return place;
  });
  return line.sort((a, b) => a.sequence - b.sequence);
}

/** How many from the front of the line hold. One with another capacity ends the prefix: it withdraws, or is first soon. */
export function holdersIn(line: readonly Place[]): number {
  const capacity = line[0]?.capacity ?? 0;
  let free = capacity;
  let count = 0;
  for (const place of line) {
    if (place.capacity !== capacity || place.weight > free) break;
    free -= place.weight;
    count++;
  }
  return count;
}

/** How the node of that name stands. */
export function standingOf(line: readonly Place[], name: string): Standing {
  const index = line.findIndex((place) => place.name === name);
  const [first] = line;
  const own = line[index];
  if (!first || !own) return { kind: 'absent' };
  if (own.capacity !== first.capacity) return { kind: 'conflict', capacity: first.capacity };
  const holders = holdersIn(line);
  if (index < holders) return { kind: 'holds', isFollowed: index < line.length - 1 };
  const behind = own.capacity === MODE_CAPACITY ? [barrierOf(line, index)] : guardsOf(line, index, holders);
  return { kind: 'waits', behind: behind.map((place) => place.name) };
}

/** How the claim would stand if it joined now. */
export function standingIfJoined(line: readonly Place[], claim: Claim): Standing {
  const joined: Place = { ...claim, name: '', sequence: Infinity };
  return standingOf([...line, joined], '');
}

/** A writer waits for whoever is before it, a reader for the nearest before it that is no reader: none of them wakes a herd. */
function barrierOf(line: readonly Place[], index: number): Place {
  const isReader = (place: Place): boolean =>
    place.capacity === MODE_CAPACITY && place.weight < MODE_CAPACITY;
  let barrier = index - 1;
  if (isReader(line[index]!)) while (barrier > 0 && isReader(line[barrier]!)) barrier--;
  return line[barrier]!;
}

/** The first that waits for permits may be let in by any holder that goes; the others wait for the one before them. */
function guardsOf(line: readonly Place[], index: number, holders: number): readonly Place[] {
  return index === holders ? line.slice(0, holders) : [line[index - 1]!];
}
