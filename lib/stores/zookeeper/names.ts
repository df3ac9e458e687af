/**
 * How requests stand in ZooKeeper's tree.
 *
 *   <root>/<key, escaped>/1-<owner>-<kind>-<sequence>
 *
 * `1` is the version of this layout. `kind` is `x` for exclusive, `s` for shared, `2of5` for two of five permits. The
 * server counts the sequence up within the key: it is the order of the line.
 */
import { MODE_CAPACITY } from '../../line/store.js';

/** What a request asks for, as its node's name tells it. */
export interface Claim {
  /** 32 hexadecimal digits. */
  readonly owner: string;
  /** MODE_CAPACITY, or the number of permits. */
  readonly capacity: number;
  readonly weight: number;
}

/** A node of the line. */
export interface Place extends Claim {
  /** Of its node, below that of the key. */
  readonly name: string;
  readonly sequence: number;
}

const LAYOUT = '1';
const NAME = new RegExp(`^${LAYOUT}-([0-9a-f]{32})-(x|s|(\\d+)of(\\d+))-(\\d{10})$`);
const SHARED = 1;

/** What needs no escape; a `.` does, for `.` and `..` are no names. */
const PLAIN = /^[\w:@~!$&'()*+,;=-]$/;

/** The name of a key's node: the bytes of its UTF-8, all but the plainest as `%xx`. Different keys have different names. */
export function folderOf(key: string): string {
  let name = '';
  for (const byte of Buffer.from(key)) {
    const char = String.fromCharCode(byte);
    name += PLAIN.test(char) ? char : `%${byte.toString(16).padStart(2, '0')}`;
  }
  return name;
}

const ESCAPED = /^(?:[\w:@~!$&'()*+,;=-]|%[0-9a-f]{2})+$/;

/** The key of a node of that name; undefined where it is no key's. */
export function keyOfFolder(name: string): string | undefined {
  if (!ESCAPED.test(name)) return undefined;
  const bytes = name.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const key = Buffer.from(bytes, 'latin1').toString();
  return folderOf(key) === name ? key : undefined;
}

/** What a node of the claim is called, up to the sequence that the server adds. */
export function prefixOf({ owner, capacity, weight }: Claim): string {
  return `${LAYOUT}-${owner}-${kindOf(capacity, weight)}-`;
}

/** Undefined where the name is none of this layout. */
export function placeOf(name: string): Place | undefined {
  const [, owner, kind, weight, capacity, sequence] = NAME.exec(name) ?? [];
  if (owner === undefined) return undefined;
  return {
    name,
    owner,
    sequence: Number(sequence),
    capacity: capacity === undefined ? MODE_CAPACITY : Number(capacity),
    weight: kind === 'x' ? MODE_CAPACITY : kind === 's' ? SHARED : Number(weight),
  };
}

function kindOf(capacity: number, weight: number): string {
  if (capacity !== MODE_CAPACITY) return `${weight}of${capacity}`;
  return weight === MODE_CAPACITY ? 'x' : 's';
}
