import { Redis, type RedisOptions } from 'ioredis';
import { LockConfigError, LockUnsupportedError } from '../../errors.js';
import { durationMs } from '../../util/duration.js';
import { isReadOnly, STORE_NAME } from './redis-errors.js';
import type { RedisStoreOptions } from './redis-store.js';

/** The options, checked: how to connect, and how to wait. */
export interface RedisSettings {
  /** A new connection that is not open yet; ours to close. */
  readonly makeClient: () => Redis;
  /** Host and port, for errors; no credentials. */
  readonly place: string;
  readonly toleranceMs: number;
  /** How long to wait between looks in milliseconds, with `waiting: 'spin'`; undefined with `'notify'`. */
  readonly spinMs: number | undefined;
}

type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

const WAYS = ['url', 'client', 'sentinels', 'nodes'] as const;
const WAITING = ['clockTolerance', 'waiting', 'spinInterval', 'waitReplicas'];
const BESIDE_WAY = { url: [], client: [], sentinels: ['name', 'options'], nodes: ['options'] } as const;

/**
 * What every connection of ours needs, whatever it was made from.
 *
 * Nothing is queued, sent again or retried by the driver: a command that was meant for then must not run later. A
 * connection that is closed is gone at once. Pauses between attempts to connect stay short: a lease may be running out.
 */
const OWN_OPTIONS: ClientOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  autoResubscribe: false,
  enableReadyCheck: true,
  maxLoadingRetryTime: 200,
  connectTimeout: 5_000,
  disconnectTimeout: 0,
  retryStrategy: (attempt) => Math.min(1_000, 25 * 2 ** Math.min(attempt, 6)),
  // The name may lead to the new master by now.
  reconnectOnError: (error) => (isReadOnly(error) ? 1 : false),
  connectionName: 'nestjs-distributed-lock',
  disableClientInfo: true,
};

/** What a handed-in client may be set to and what would change the meaning of our commands. */
const NEUTRAL_OPTIONS: ClientOptions = {
  keyPrefix: '',
  enableAutoPipelining: false,
  stringNumbers: false,
  monitor: false,
  readOnly: false,
  commandTimeout: undefined,
  socketTimeout: undefined,
  scripts: undefined,
};

/** @throws LockConfigError naming the option, LockUnsupportedError for what is not served yet */
export function readOptions(options: RedisStoreOptions): RedisSettings {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const way = wayOf(given);
  const { toleranceMs, spinMs } = readWaiting(options);
  if (way === 'url') return { ...fromUrl(given['url']), toleranceMs, spinMs };
  if (way === 'client') return { ...fromClient(given['client']), toleranceMs, spinMs };
  throw unsupported(`the option "${way}"`);
}

function wayOf(given: Readonly<Record<string, unknown>>): (typeof WAYS)[number] {
  const ways = WAYS.filter((way) => given[way] !== undefined);
  const [way] = ways;
  if (way === undefined || ways.length > 1) {
    const text =
      way === undefined ? 'none was given' : `${ways.map((one) => `"${one}"`).join(' and ')} were given`;
    throw wrong(
      ways.at(-1) ?? 'url',
      `A Redis store needs one of "url", "client", "sentinels", "nodes": ${text}.`,
    );
  }
  const known: readonly string[] = [way, ...BESIDE_WAY[way], ...WAITING];
  const stranger = Object.keys(given).find((name) => given[name] !== undefined && !known.includes(name));
  if (stranger !== undefined) {
    throw wrong(
      stranger,
      `A Redis store with "${way}" has no option "${stranger}"; it has ${known.join(', ')}.`,
    );
  }
  return way;
}

function readWaiting(options: RedisStoreOptions): { toleranceMs: number; spinMs: number | undefined } {
  const { waiting = 'notify', spinInterval = 50, clockTolerance = '10s', waitReplicas = 0 } = options;
  if (waiting !== 'notify' && waiting !== 'spin') {
    throw wrong('waiting', `Option "waiting" is ${String(waiting)}; it must be 'notify' or 'spin'.`);
  }
  refuseReplicas(waitReplicas);
  const spinMs = durationMs('spinInterval', spinInterval, { minMs: 1, maxMs: 60_000 });
  return {
    toleranceMs: Math.ceil(durationMs('clockTolerance', clockTolerance)),
    spinMs: waiting === 'spin' ? spinMs : undefined,
  };
}

function refuseReplicas(waitReplicas: number): void {
  if (!Number.isSafeInteger(waitReplicas) || waitReplicas < 0) {
    const text = `Option "waitReplicas" is ${String(waitReplicas)}; it must be a whole number from 0.`;
    throw wrong('waitReplicas', text);
  }
  if (waitReplicas > 0) throw unsupported('the option "waitReplicas"');
}

function fromUrl(value: unknown): Pick<RedisSettings, 'makeClient' | 'place'> {
  const url = parseUrl(value);
  const { hostname, port, username, password, pathname, protocol } = url;
  const host = hostname.replace(/^\[|\]$/g, '');
  const base: ClientOptions = {
    host,
    port: port === '' ? 6379 : Number(port),
    db: databaseOf(pathname),
    ...(username !== '' && { username: decoded(username) }),
    ...(password !== '' && { password: decoded(password) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
  return { makeClient: () => new Redis({ ...base, ...OWN_OPTIONS }), place: `${hostname}:${base.port}` };
}

/** The address is never shown: it may carry a password, and so may Node's own error. */
function parseUrl(value: unknown): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
    throw wrong(
      'url',
      'Option "url" is not an address of the form redis[s]://[user:password@]host[:port][/database].',
    );
  }
  if (url.search !== '' || url.hash !== '') {
    throw wrong(
      'url',
      'Option "url" has parameters, and none are known: hand in a client where more must be set.',
    );
  }
  return url;
}

function databaseOf(pathname: string): number {
  const match = /^(?:\/(\d{1,5})?)?$/.exec(pathname);
  if (match) return Number(match[1] ?? 0);
  throw wrong('url', `Option "url" names the database "${pathname.slice(1)}"; it must be a number.`);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw wrong('url', 'Option "url" has a user name or password with a stray "%": write it as %25.');
  }
}

/** A Redis of ioredis, of whatever copy and version. */
interface ClientLike {
  readonly options: RedisOptions;
  readonly isCluster?: boolean;
  duplicate(override: ClientOptions): Redis;
}

/** What else runs on a handed-in client (blocking commands, transactions) must not delay a renewal: it is a pattern for ours. */
function fromClient(value: unknown): Pick<RedisSettings, 'makeClient' | 'place'> {
  if (!isClient(value)) throw wrong('client', 'Option "client" is not a client of ioredis.');
  if (value.isCluster === true) throw unsupported('a cluster client');
  if (value.options.sentinels) throw unsupported('a client with sentinels');
  const { host, port, path } = value.options;
  return {
    makeClient: () => value.duplicate({ ...NEUTRAL_OPTIONS, ...OWN_OPTIONS }),
    place: path ?? `${host}:${port}`,
  };
}

function isClient(value: unknown): value is ClientLike {
  if (typeof value !== 'object' || value === null || !('duplicate' in value) || !('options' in value))
    return false;
  return typeof value.duplicate === 'function' && typeof value.options === 'object' && value.options !== null;
}

function wrong(option: string, text: string): LockConfigError {
  return new LockConfigError(text, { option });
}

function unsupported(what: string): LockUnsupportedError {
  const text = `The store "${STORE_NAME}" does not support ${what} yet: it serves a single server, by "url" or "client".`;
  return new LockUnsupportedError(text, { store: STORE_NAME });
}
