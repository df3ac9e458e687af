import { Redis, type RedisOptions } from 'ioredis';
import { LockConfigError } from '../../errors.js';
import { isReadOnly } from './redis-errors.js';

export type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How a session comes to its servers. Each client that is made is new, not open yet, and ours to close. */
export type Connection =
  | {
      readonly kind: 'single';
      /** For errors; no credentials. */
      readonly place: string;
      readonly makeClient: () => Redis;
    }
  | {
      readonly kind: 'cluster';
      readonly place: string;
      /** Where to ask first who serves what. */
      readonly startNodes: readonly Address[];
      readonly makeClient: (node: Address) => Redis;
      /** Where a node that calls itself so is reached from here. */
      readonly reach: (node: Address) => Address;
    };

/**
 * What every connection of ours needs, whatever it was made from.
 *
 * Nothing is queued, sent again or retried by the driver: a command that was meant for then must not run later. A
 * connection that is closed is gone at once. Pauses between attempts to connect stay short: a lease may be running out.
 */
export const OWN_OPTIONS: ClientOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  autoResubscribe: false,
  enableReadyCheck: true,
  maxLoadingRetryTime: 200,
  connectTimeout: 5_000,
  disconnectTimeout: 0,
  retryStrategy: pauseMs,
  // The name may lead to the new master by now.
  reconnectOnError: (error) => (isReadOnly(error) ? 1 : false),
  connectionName: 'nestjs-distributed-lock',
  disableClientInfo: true,
};

/** What a handed-in client may be set to and what would change the meaning of our commands. */
export const NEUTRAL_OPTIONS: ClientOptions = {
  keyPrefix: '',
  enableAutoPipelining: false,
  stringNumbers: false,
  monitor: false,
  readOnly: false,
  commandTimeout: undefined,
  socketTimeout: undefined,
  scripts: undefined,
};

/** How long a sentinel may take to answer before the next is asked. */
const SENTINEL_SILENT_MS = 1_000;

/**
 * What a connection through sentinels needs besides: without the detector it would go on writing to the old master of a
 * fail-over for as long as that one answers.
 */
const SENTINEL_OPTIONS: ClientOptions = {
  failoverDetector: true,
  sentinelCommandTimeout: SENTINEL_SILENT_MS,
  sentinelReconnectStrategy: pauseMs,
  role: 'master',
};

/** A client that finds its master through sentinels. `make` is given what it needs. */
export function sentinelClient(make: (options: ClientOptions) => Redis): Redis {
  let wasReady = false;
  const client = make({
    ...NEUTRAL_OPTIONS,
    ...OWN_OPTIONS,
    ...SENTINEL_OPTIONS,
    // The first attempt fails where no sentinel answers; once it served, it looks for them again and again.
    sentinelRetryStrategy: (attempt: number) => (wasReady ? pauseMs(attempt) : null),
  });
  client.once('ready', () => {
    wasReady = true;
  });
  client.on('connecting', () => forgetEndedDetector(client));
  return client;
}

/**
 * A detector that has seen a fail-over has ended. The driver ends it once more when it is connected again, and each time
 * waits two seconds for sockets which by then are gone: timers that would outlive a session closed meanwhile. What is
 * left of this: a sentinel that does not answer at all is waited for so long when the session is closed.
 */
function forgetEndedDetector(client: Redis): void {
  const connector: unknown = Reflect.get(client, 'connector');
  if (typeof connector !== 'object' || connector === null || !('failoverDetector' in connector)) return;
  const detector = connector.failoverDetector;
  if (typeof detector !== 'object' || detector === null || !('isDisconnected' in detector)) return;
  if (detector.isDisconnected === true) connector.failoverDetector = null;
}

/** A connection that is asked for again takes what its pattern says by then: passwords are changed while it lives. */
export function following<T extends Pick<ClientOptions, 'username' | 'password'>>(
  client: Redis,
  pattern: T,
): Redis {
  client.on('close', () => {
    const { username, password } = pattern;
    Object.assign(client.options, { username, password });
  });
  return client;
}

export function wrong(option: string, text: string): LockConfigError {
  return new LockConfigError(text, { option });
}

export function textOf({ host, port }: Address): string {
  return `${host}:${port}`;
}

function pauseMs(attempt: number): number {
  return Math.min(1_000, 25 * 2 ** Math.min(attempt, 6));
}
