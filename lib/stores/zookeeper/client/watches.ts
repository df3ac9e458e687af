/**
 * Who watches what, on this side of the wire.
 *
 *   expected ──the answer says that the server watches──► set ──the event──► called, and gone
 *   expected ──the answer says that it does not, or never comes──► gone
 *   expected, set ──unwatch──► gone
 *
 * A server keeps one watch for a path and table, however many watch here; after a lost connection it keeps none, and
 * is told again what was set, and as of which transaction: what changed since then fires at once.
 */
import { NO_NODE } from './answers.js';
import { JuteWriter } from './jute.js';
import type { WatchTableName } from './requests.js';
import type { WatchEvent, Watcher } from './zookeeper-client.js';

/** `absent`: on a node that is to be made; the servers keep it with those on data. */
type Kind = 'data' | 'absent' | 'children';

/** A watcher whose request is under way. */
export interface Expected {
  readonly table: WatchTableName;
  readonly path: string;
  readonly watcher: Watcher;
}

const KINDS_OF: Readonly<Record<WatchTableName, readonly Kind[]>> = {
  data: ['data', 'absent'],
  children: ['children'],
};
const TABLES = ['data', 'children'] as const;
/** What each type of event ends. */
const EVENTS: Readonly<Record<number, { kind: WatchEvent['kind']; ends: readonly Kind[] }>> = {
  1: { kind: 'created', ends: ['data', 'absent'] },
  2: { kind: 'deleted', ends: ['data', 'absent', 'children'] },
  3: { kind: 'changed', ends: ['data', 'absent'] },
  4: { kind: 'children', ends: ['children'] },
};
const SET_WATCHES = { number: -8, operation: 101 } as const;
/** A server takes frames of 1 MB; this leaves room. */
const MOST_BYTES = 128 * 1024;

export class Watches {
  private readonly expected = new Set<Expected>();
  private readonly set: Readonly<Record<Kind, Map<string, Set<Watcher>>>> = {
    data: new Map(),
    absent: new Map(),
    children: new Map(),
  };

  expect(expected: Expected): void {
    this.expected.add(expected);
  }

  /** The answer to the request came, or never will. */
  settle(expected: Expected, serverCode: number | undefined, isExists: boolean): void {
    // Unwatched meanwhile.
    if (!this.expected.delete(expected)) return;
    const { table, path, watcher } = expected;
    if (serverCode === 0) this.add(table, path, watcher);
    else if (serverCode === NO_NODE && isExists) this.add('absent', path, watcher);
  }

  /** The watchers whom an event of the server ends, and what to tell them. */
  fire(
    type: number,
    path: string,
  ): { readonly kind: WatchEvent['kind']; readonly watchers: Watcher[] } | undefined {
    const event = EVENTS[type];
    if (!event) return undefined;
    const watchers = new Set<Watcher>();
    for (const kind of event.ends) {
      for (const watcher of this.set[kind].get(path) ?? []) watchers.add(watcher);
      this.set[kind].delete(path);
    }
    return { kind: event.kind, watchers: [...watchers] };
  }

  /** Takes the watcher off the path. The tables in which the server need not watch it any more. */
  remove(path: string, watcher: Watcher): readonly WatchTableName[] {
    return TABLES.filter((table) => this.removeFrom(table, path, watcher) && !this.isWatched(table, path));
  }

  /** What tells a server to watch all that is set, as of a transaction; in several frames where they are many. */
  frames(zxid: bigint): Buffer[] {
    const frames: Buffer[] = [];
    let batch: Record<Kind, string[]> = { data: [], absent: [], children: [] };
    let bytes = 0;
    const end = (): void => {
      if (bytes > 0) frames.push(frameOf(zxid, batch));
      batch = { data: [], absent: [], children: [] };
      bytes = 0;
    };
    for (const kind of ['data', 'absent', 'children'] as const) {
      for (const path of this.set[kind].keys()) {
        batch[kind].push(path);
        bytes += 4 + Buffer.byteLength(path);
        if (bytes >= MOST_BYTES) end();
      }
    }
    end();
    return frames;
  }

  clear(): void {
    this.expected.clear();
    for (const paths of Object.values(this.set)) paths.clear();
  }

  private add(kind: Kind, path: string, watcher: Watcher): void {
    const watchers = this.set[kind].get(path) ?? new Set();
    this.set[kind].set(path, watchers.add(watcher));
  }

  private removeFrom(table: WatchTableName, path: string, watcher: Watcher): boolean {
    const expected = this.expectedOf(table, path).filter((one) => one.watcher === watcher);
    for (const one of expected) this.expected.delete(one);
    const set = KINDS_OF[table].filter((kind) => this.set[kind].get(path)?.delete(watcher));
    for (const kind of set) {
      if (this.set[kind].get(path)!.size === 0) this.set[kind].delete(path);
    }
    return expected.length + set.length > 0;
  }

  private isWatched(table: WatchTableName, path: string): boolean {
    const isSet = KINDS_OF[table].some((kind) => this.set[kind].has(path));
    return isSet || this.expectedOf(table, path).length > 0;
  }

  private expectedOf(table: WatchTableName, path: string): Expected[] {
    return [...this.expected].filter((one) => one.table === table && one.path === path);
  }
}

function frameOf(zxid: bigint, { data, absent, children }: Record<Kind, string[]>): Buffer {
  const writer = new JuteWriter().int(SET_WATCHES.number).int(SET_WATCHES.operation).long(zxid);
  for (const paths of [data, absent, children]) writer.list(paths, (one, path) => one.text(path));
  return writer.frame();
}
