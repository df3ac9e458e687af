import pg from 'pg';
import type { Client, ClientConfig, Pool, PoolConfig } from 'pg';
import { LockConfigError } from '../../errors.js';
import { durationMs } from '../../util/duration.js';
import type { Strategy } from '../sql/strategy.js';
import { MOST_TRANSACTIONS } from '../sql/transaction-session.js';
import { MOST_TABLE_BYTES, type TableName } from './names.js';
import type { PostgresStoreOptions } from './postgres-store.js';

/** The options, checked: how to connect, and to which table. */
export interface PostgresSettings {
  /** The pool of a session: made for it, or the one that was handed in. */
  readonly openPool: (silentMs: number) => Pool;
  readonly isOwnPool: boolean;
  /** A pool of our own beside it, for transactions that stay open; ours to close. */
  readonly openTransactions: (silentMs: number) => Pool;
  readonly strategy: Strategy;
  /** A connection of its own to listen on, not open yet; ours to close. */
  readonly makeListener: () => Client;
  /** True where `listenUrl` was given: it is meant to hear. */
  readonly mustHear: boolean;
  /** Host, port and database, for errors; no credentials. */
  readonly place: string;
  readonly table: TableName;
  readonly toleranceMs: number;
}

type Connecting = Pick<
  PostgresSettings,
  'openPool' | 'openTransactions' | 'isOwnPool' | 'makeListener' | 'place'
>;

const KNOWN = ['url', 'pool', 'clockTolerance', 'strategy', 'table', 'listenUrl'];
const DEFAULT_TABLE = 'distributed_lock';
const APPLICATION = 'nestjs-distributed-lock';
/** Statements are short, and one key's go one after the other: more connections would wait for the same disk. */
const MOST_CONNECTIONS = 10;

/** @throws LockConfigError naming the option, LockUnsupportedError for what is not served yet */
export function readOptions(options: PostgresStoreOptions): PostgresSettings {
  const given: Readonly<Record<string, unknown>> = { ...options };
  checkNames(given);
  const strategy = readStrategy(given['strategy']);
  if (strategy === 'transaction' && given['listenUrl'] !== undefined) {
    throw wrong(
      'listenUrl',
      `Option "listenUrl" is of no use with strategy: 'transaction', which needs no messages.`,
    );
  }
  const connecting = given['url'] === undefined ? fromPool(given['pool']) : fromUrl('url', given['url']);
  const { listenUrl } = given;
  return {
    ...connecting,
    ...(listenUrl !== undefined && { makeListener: fromUrl('listenUrl', listenUrl).makeListener }),
    mustHear: listenUrl !== undefined,
    strategy,
    table: readTable(given['table']),
    toleranceMs: Math.ceil(durationMs('clockTolerance', options.clockTolerance ?? '10s')),
  };
}

function checkNames(given: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(given).filter((name) => given[name] !== undefined);
  const stranger = names.find((name) => !KNOWN.includes(name));
  if (stranger !== undefined) {
    throw wrong(stranger, `A PostgreSQL store has no option "${stranger}"; it has ${KNOWN.join(', ')}.`);
  }
  const ways = names.filter((name) => name === 'url' || name === 'pool');
  if (ways.length === 1) return;
  const what = ways.length === 0 ? 'none was given' : 'both were given';
  throw wrong(ways.at(-1) ?? 'url', `A PostgreSQL store needs one of "url" and "pool": ${what}.`);
}

function readStrategy(strategy: unknown): Strategy {
  if (strategy === undefined || strategy === 'lease') return 'lease';
  if (strategy === 'transaction') return strategy;
  throw wrong(
    'strategy',
    `Option "strategy" is ${JSON.stringify(strategy)}; it must be 'lease' or 'transaction'.`,
  );
}

const PART = String.raw`(?:[^."\0][^.\0]*|"(?:[^"\0]|"")+")`;
const TABLE = new RegExp(`^(?:(${PART})\\.)?(${PART})$`);

/** `locks`, `app.locks`, `"My Schema".locks`: a name is taken as it stands, capitals too. */
function readTable(value: unknown): TableName {
  const match = TABLE.exec(value === undefined ? DEFAULT_TABLE : typeof value === 'string' ? value : '');
  if (!match) {
    throw wrong(
      'table',
      `Option "table" is ${JSON.stringify(value)}; it must be a name such as "locks" or "app.locks".`,
    );
  }
  const plain = (part: string): string =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
  const [schema, table] = [match[1] === undefined ? undefined : plain(match[1]), plain(match[2]!)];
  if (Buffer.byteLength(table) > MOST_TABLE_BYTES) {
    throw wrong(
      'table',
      `Option "table" is "${table}"; its name must have at most ${MOST_TABLE_BYTES} bytes.`,
    );
  }
  return { schema, table };
}

function fromUrl(option: string, value: unknown): Connecting {
  const { hostname, port, pathname } = parseUrl(option, value);
  const base: ClientConfig = {
    connectionString: value as string,
    application_name: APPLICATION,
    keepAlive: true,
  };
  const open = (max: number, silentMs: number): Pool =>
    new pg.Pool({ ...base, max, connectionTimeoutMillis: 2 * silentMs });
  return {
    openPool: (silentMs) => open(MOST_CONNECTIONS, silentMs),
    openTransactions: (silentMs) => open(MOST_TRANSACTIONS, silentMs),
    isOwnPool: true,
    makeListener: () => new pg.Client(base),
    place: `${hostname === '' ? 'localhost' : hostname}:${port === '' ? 5432 : port}${pathname}`,
  };
}

/** The address is never shown: it may carry a password, and so may Node's own error. */
function parseUrl(option: string, value: unknown): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol) || url.hash !== '') {
    const form = 'postgres://[user:password@]host[:port]/database';
    throw wrong(option, `Option "${option}" is not an address of the form ${form}.`);
  }
  for (const part of [url.username, url.password, url.pathname]) {
    if (!isDecodable(part)) throw wrong(option, `Option "${option}" has a stray "%": write it as %25.`);
  }
  return url;
}

function isDecodable(part: string): boolean {
  try {
    return decodeURIComponent(part) !== undefined;
  } catch {
    return false;
  }
}

/** A pool of pg, of whatever copy. */
interface PoolLike {
  readonly options: PoolConfig;
  readonly Client: new (config: ClientConfig) => Client;
}

/** Only to listen a connection is made as the pool makes its own: it is kept, and would be missing in the pool. */
function fromPool(value: unknown): Connecting {
  if (!isPool(value)) throw wrong('pool', 'Option "pool" is not a pool of pg.');
  const { options } = value;
  const probe = new value.Client(options);
  // What the driver hides from a look at them, as the password, does not come along by itself.
  const { password } = options;
  const more = { max: MOST_TRANSACTIONS, min: 0, ...(password !== undefined && { password }) };
  return {
    openPool: () => value,
    openTransactions: (silentMs) =>
      new pg.Pool({ ...options, connectionTimeoutMillis: 2 * silentMs, ...more }),
    isOwnPool: false,
    makeListener: () => new value.Client(options),
    place: `${probe.host}:${probe.port}/${probe.database ?? ''}`,
  };
}

function isPool(value: unknown): value is Pool & PoolLike {
  if (typeof value !== 'object' || value === null) return false;
  const { connect, options, Client } = value as Record<string, unknown>;
  return typeof connect === 'function' && typeof options === 'object' && typeof Client === 'function';
}

function wrong(option: string, text: string): LockConfigError {
  return new LockConfigError(text, { option });
}
