import mysql from 'mysql2/promise';
import type { Pool, PoolOptions } from 'mysql2/promise';
import { LockConfigError } from '../../errors.js';
import { durationMs } from '../../util/duration.js';
import type { Strategy } from '../sql/strategy.js';
import { MOST_TRANSACTIONS } from '../sql/transaction-session.js';
import type { MysqlStoreOptions } from './mysql-store.js';
import { MOST_TABLE_LENGTH, type TableName } from './names.js';

/** The options, checked: how to connect, and to which table. */
export interface MysqlSettings {
  /** The pool of a session: made for it, or the one that was handed in. */
  readonly openPool: (silentMs: number) => Pool;
  readonly isOwnPool: boolean;
  /** A pool of our own beside it, for transactions that stay open; ours to close. */
  readonly openTransactions: (silentMs: number) => Pool;
  readonly strategy: Strategy;
  /** Host, port and database, for errors; no credentials. */
  readonly place: string;
  readonly table: TableName;
  readonly toleranceMs: number;
}

type Connecting = Pick<MysqlSettings, 'openPool' | 'openTransactions' | 'isOwnPool' | 'place'>;

const KNOWN = ['url', 'pool', 'clockTolerance', 'strategy', 'table'];
const DEFAULT_TABLE = 'distributed_lock';
/** Statements are short, and one key's go one after the other: more connections would wait for the same disk. */
const MOST_CONNECTIONS = 10;

/** @throws LockConfigError naming the option, LockUnsupportedError for what is not served yet */
export function readOptions(options: MysqlStoreOptions): MysqlSettings {
  const given: Readonly<Record<string, unknown>> = { ...options };
  checkNames(given);
  return {
    strategy: readStrategy(given['strategy']),
    ...(given['url'] === undefined ? fromPool(given['pool']) : fromUrl(given['url'])),
    table: readTable(given['table']),
    toleranceMs: Math.ceil(durationMs('clockTolerance', options.clockTolerance ?? '10s')),
  };
}

function checkNames(given: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(given).filter((name) => given[name] !== undefined);
  const stranger = names.find((name) => !KNOWN.includes(name));
  if (stranger !== undefined) {
    throw wrong(stranger, `A MySQL store has no option "${stranger}"; it has ${KNOWN.join(', ')}.`);
  }
  const ways = names.filter((name) => name === 'url' || name === 'pool');
  if (ways.length === 1) return;
  const what = ways.length === 0 ? 'none was given' : 'both were given';
  throw wrong(ways.at(-1) ?? 'url', `A MySQL store needs one of "url" and "pool": ${what}.`);
}

function readStrategy(strategy: unknown): Strategy {
  if (strategy === undefined || strategy === 'lease') return 'lease';
  if (strategy === 'transaction') return strategy;
  throw wrong(
    'strategy',
    `Option "strategy" is ${JSON.stringify(strategy)}; it must be 'lease' or 'transaction'.`,
  );
}

const PART = '(?:[^.`\\0][^.\\0]*|`(?:[^`\\0]|``)+`)';
const TABLE = new RegExp(`^(?:(${PART})\\.)?(${PART})$`);

/** ``locks``, ``app.locks``, `` `my db`.locks ``: a name is taken as it stands. */
function readTable(value: unknown): TableName {
  const match = TABLE.exec(value === undefined ? DEFAULT_TABLE : typeof value === 'string' ? value : '');
  if (!match) {
    throw wrong(
      'table',
      `Option "table" is ${JSON.stringify(value)}; it must be a name such as "locks" or "app.locks".`,
    );
  }
  const plain = (part: string): string =>
    part.startsWith('`') ? part.slice(1, -1).replaceAll('``', '`') : part;
  const [database, table] = [match[1] === undefined ? undefined : plain(match[1]), plain(match[2]!)];
  if (table.length > MOST_TABLE_LENGTH) {
    throw wrong(
      'table',
      `Option "table" is "${table}"; its name must have at most ${MOST_TABLE_LENGTH} characters.`,
    );
  }
  return { database, table };
}

function fromUrl(value: unknown): Connecting {
  const { hostname, port, pathname } = parseUrl(value);
  const open = (connectionLimit: number, silentMs: number): Pool =>
    mysql.createPool({ uri: value as string, connectionLimit, ...ofOurs(silentMs) });
  return {
    openPool: (silentMs) => open(MOST_CONNECTIONS, silentMs),
    openTransactions: (silentMs) => open(MOST_TRANSACTIONS, silentMs),
    isOwnPool: true,
    place: `${hostname}:${port === '' ? 3306 : port}${pathname}`,
  };
}

function ofOurs(silentMs: number): PoolOptions {
  return { connectTimeout: Math.ceil(silentMs), enableKeepAlive: true };
}

/** The address is never shown: it may carry a password, and so may Node's own error. */
function parseUrl(value: unknown): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !isOfServer(url)) {
    throw wrong(
      'url',
      'Option "url" is not an address of the form mysql://[user:password@]host[:port]/database.',
    );
  }
  for (const part of [url.username, url.password, url.pathname]) {
    if (!isDecodable(part)) throw wrong('url', 'Option "url" has a stray "%": write it as %25.');
  }
  return url;
}

function isOfServer({ protocol, hostname, hash }: URL): boolean {
  return protocol === 'mysql:' && hostname !== '' && hash === '';
}

function isDecodable(part: string): boolean {
  try {
    return decodeURIComponent(part) !== undefined;
  } catch {
    return false;
  }
}

/** A pool of mysql2, of whatever copy: of `mysql2/promise`, or one whose `promise()` is. */
function fromPool(value: unknown): Connecting {
  const pool = promisingPool(value);
  if (!pool) throw wrong('pool', 'Option "pool" is not a pool of mysql2.');
  const { config } = (pool as unknown as { pool: { config?: { connectionConfig?: PoolOptions } } }).pool;
  const connection: PoolOptions = config?.connectionConfig ?? {};
  const { host, port, database } = connection;
  return {
    openPool: () => pool,
    openTransactions: (silentMs) =>
      mysql.createPool({ ...wayOf(connection), ...ofOurs(silentMs), connectionLimit: MOST_TRANSACTIONS }),
    isOwnPool: false,
    place: `${host ?? 'localhost'}:${port ?? 3306}/${database ?? ''}`,
  };
}

/** Of what a pool was made with, what leads to the server. */
const WAY = [
  'host',
  'port',
  'socketPath',
  'user',
  'password',
  'database',
  'ssl',
  'authPlugins',
  'stream',
] as const;

function wayOf(connection: PoolOptions): PoolOptions {
  return Object.fromEntries(
    WAY.map((name) => [name, connection[name]]).filter(([, value]) => value),
  ) as PoolOptions;
}

function promisingPool(value: unknown): Pool | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { promise, pool, getConnection } = value as Record<string, unknown>;
  if (typeof getConnection !== 'function') return undefined;
  if (typeof pool === 'object' && pool !== null) return value as Pool;
  return typeof promise === 'function' ? (value as { promise(): Pool }).promise() : undefined;
}

function wrong(option: string, text: string): LockConfigError {
  return new LockConfigError(text, { option });
}
