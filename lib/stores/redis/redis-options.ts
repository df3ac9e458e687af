import { durationMs } from '../../util/duration.js';
import { type Connection, wrong } from './client-options.js';
import { fromUrl } from './connect-url.js';
import { fromClient } from './given-client.js';
import type { RedisStoreOptions } from './redis-store.js';
import { fromNodes, fromSentinels } from './several-nodes.js';

/** The options, checked: how to connect, and how to wait. */
export interface RedisSettings {
  readonly connection: Connection;
  readonly toleranceMs: number;
  /** How long to wait between looks in milliseconds, with `waiting: 'spin'`; undefined with `'notify'`. */
  readonly spinMs: number | undefined;
  /** How many replicas must have a grant before it counts. */
  readonly waitReplicas: number;
}

const WAYS = ['url', 'client', 'sentinels', 'nodes'] as const;
const WAITING = ['clockTolerance', 'waiting', 'spinInterval', 'waitReplicas'];
const BESIDE_WAY = { url: [], client: [], sentinels: ['name', 'options'], nodes: ['options'] } as const;

/** @throws LockConfigError naming the option, LockUnsupportedError for what is not served */
export function readOptions(options: RedisStoreOptions): RedisSettings {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const way = wayOf(given);
  return { ...readWaiting(options), connection: connectionOf(way, given) };
}

function connectionOf(way: (typeof WAYS)[number], given: Readonly<Record<string, unknown>>): Connection {
  switch (way) {
    case 'url':
      return fromUrl(given['url']);
    case 'client':
      return fromClient(given['client']);
    case 'sentinels':
      return fromSentinels(given);
    case 'nodes':
      return fromNodes(given);
  }
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

function readWaiting(options: RedisStoreOptions): Omit<RedisSettings, 'connection'> {
  const { waiting = 'notify', spinInterval = 50, clockTolerance = '10s' } = options;
  if (waiting !== 'notify' && waiting !== 'spin') {
    throw wrong('waiting', `Option "waiting" is ${String(waiting)}; it must be 'notify' or 'spin'.`);
  }
  const spinMs = durationMs('spinInterval', spinInterval, { minMs: 1, maxMs: 60_000 });
  return {
    toleranceMs: Math.ceil(durationMs('clockTolerance', clockTolerance)),
    spinMs: waiting === 'spin' ? spinMs : undefined,
    waitReplicas: replicasOf(options),
  };
}

function replicasOf({ waitReplicas = 0 }: RedisStoreOptions): number {
  if (Number.isSafeInteger(waitReplicas) && waitReplicas >= 0) return waitReplicas;
  const text = `Option "waitReplicas" is ${String(waitReplicas)}; it must be a whole number from 0.`;
  throw wrong('waitReplicas', text);
}
