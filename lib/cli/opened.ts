import { LockConfigError, LockKeyError, LockUnsupportedError } from '../errors.js';
import { lockKeys, namespacePrefix } from '../line/lock-keys.js';
import type { LockStore, StoreSession } from '../line/store.js';
import type { Clock } from '../util/clock.js';
import { BadInput } from './bad-input.js';
import type { KeyPattern } from './key-pattern.js';
import { isInUse, type KeyReport, reportOf } from './report.js';

/** Where locks are, as somebody at a terminal names it. */
export interface Whereabouts {
  readonly url: string;
  readonly namespace: string;
}

/** How a store is come by. */
export interface Opening {
  readonly openStore: (url: string) => Promise<LockStore>;
  readonly clock: Clock;
}

/** What a search for keys found. */
export interface Found {
  /** In use, by name. */
  readonly keys: readonly KeyReport[];
  /** SHA-256 of keys that the store has under their hash alone, of whatever namespace. */
  readonly hashes: readonly string[];
  /** True where there may be more than were asked for. */
  readonly isCut: boolean;
  /** What could not be read, and why. */
  readonly problems: readonly string[];
}

/** How many keys the back end looks at for a page, and how many are inspected at once. */
const PER_PAGE = 500;
const AT_ONCE = 50;

/** A session like any application's is opened, though it asks for no lock. */
const WATCHDOG_MS = 10_000;

/** A store that is open, seen through one namespace. */
export class OpenedStore {
  private constructor(
    private readonly store: LockStore,
    private readonly session: StoreSession,
    private readonly prefix: string,
  ) {}

  /** @throws BadInput, LockStoreError */
  static async open({ url, namespace }: Whereabouts, { openStore, clock }: Opening): Promise<OpenedStore> {
    const prefix = asInput(() => namespacePrefix(namespace));
    const store = await openStore(url).catch(refuse);
    if (store.name === 'memory') throw new BadInput(MEMORY);
    const context = { clock, watchdogMs: WATCHDOG_MS, onHint: () => undefined };
    return new OpenedStore(store, await store.connect(context).catch(refuse), prefix);
  }

  async inspect(key: string): Promise<KeyReport> {
    const [name] = asInput(() => lockKeys(key));
    return reportOf(this.store, key, await this.session.inspect(this.prefix + name!));
  }

  forceRelease(key: string): Promise<boolean> {
    return this.session.forceRelease(this.prefix + key);
  }

  /** Everything in use that fits, at most so many. */
  async find(pattern: KeyPattern, most: number): Promise<Found> {
    if (pattern.exact === undefined) return this.search(pattern, most);
    const report = await this.inspect(pattern.exact);
    return { keys: isInUse(report) ? [report] : [], hashes: [], isCut: false, problems: [] };
  }

  close(): Promise<void> {
    return this.session.close();
  }

  private async search(pattern: KeyPattern, most: number): Promise<Found> {
    if (!this.session.list) throw new BadInput(`The store "${this.store.name}" cannot list keys: name one.`);
    const prefix = this.prefix + pattern.beginning;
    const found = {
      keys: new Map<string, KeyReport>(),
      hashes: new Set<string>(),
      problems: new Set<string>(),
    };
    let from: string | undefined;
    do {
      const page = await this.session.list({ prefix, from, most: PER_PAGE });
      from = page.next;
      page.hashes.forEach((hash) => found.hashes.add(hash));
      const names = page.keys.map((key) => key.slice(this.prefix.length));
      const fresh = [...new Set(names)].filter((key) => pattern.fits(key) && !found.keys.has(key));
      await this.inspectAll(fresh, found);
    } while (from !== undefined && found.keys.size < most);
    const keys = [...found.keys.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const isCut = from !== undefined || keys.length > most;
    return { keys: keys.slice(0, most), hashes: [...found.hashes], isCut, problems: [...found.problems] };
  }

  /** What stands in the way of one key, as a foreign value under its name, must not hide the others. */
  private async inspectAll(
    keys: readonly string[],
    found: { readonly keys: Map<string, KeyReport>; readonly problems: Set<string> },
  ): Promise<void> {
    for (let at = 0; at < keys.length; at += AT_ONCE) {
      const some = keys.slice(at, at + AT_ONCE);
      const answers = await Promise.allSettled(some.map((key) => this.inspect(key)));
      for (const answer of answers) {
        if (answer.status === 'rejected') found.problems.add(textOf(answer.reason));
        else if (isInUse(answer.value)) found.keys.set(answer.value.key, answer.value);
      }
    }
  }
}

const MEMORY =
  'A memory: store lives inside one process, and no other sees its locks: ask LockService.inspect() in the application.';

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function asInput<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return refuse(error);
  }
}

/** What no other attempt would mend was typed wrong. */
function refuse(error: unknown): never {
  const isInput =
    error instanceof LockConfigError ||
    error instanceof LockKeyError ||
    error instanceof LockUnsupportedError;
  throw isInput ? new BadInput(error.message, { cause: error }) : error;
}
