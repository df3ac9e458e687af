import type { Redis, RedisOptions } from 'ioredis';
import {
  type Address,
  type ClientOptions,
  type Connection,
  following,
  NEUTRAL_OPTIONS,
  OWN_OPTIONS,
  sentinelClient,
  wrong,
} from './client-options.js';
import { clusterConnection, type ClusterNodeOptions } from './several-nodes.js';

/** A Redis of ioredis, of whatever copy and version. */
interface ClientLike {
  readonly options: RedisOptions;
  duplicate(override: ClientOptions): Redis;
}

/** A Cluster of ioredis. Its start nodes are private, but the same in every version. */
interface ClusterLike {
  readonly isCluster: true;
  readonly options: ClusterNodeOptions;
  readonly startupNodes?: readonly (string | number | Partial<Address>)[];
}

/**
 * What else runs on a handed-in client (blocking commands, transactions) must not delay a renewal: it is a pattern for
 * our own connections, and is never used itself nor closed.
 */
export function fromClient(value: unknown): Connection {
  if (!isClient(value)) throw wrong('client', 'Option "client" is not a client of ioredis.');
  if (isCluster(value)) return fromCluster(value);
  const { host, port, path, sentinels, name } = value.options;
  if (sentinels) {
    const makeClient = (): Redis =>
      following(
        sentinelClient((options) => value.duplicate(options)),
        value.options,
      );
    return { kind: 'single', makeClient, place: `master "${name}"` };
  }
  const makeClient = (): Redis =>
    following(value.duplicate({ ...NEUTRAL_OPTIONS, ...OWN_OPTIONS }), value.options);
  return { kind: 'single', makeClient, place: path ?? `${host}:${port}` };
}

function fromCluster({ startupNodes = [], options }: ClusterLike): Connection {
  return clusterConnection('client', startupNodes.map(addressOf), options);
}

/** As ioredis writes its nodes: a port, an address, or a URL. */
function addressOf(node: string | number | Partial<Address>): Address {
  const parts = typeof node === 'object' ? node : partsOf(String(node));
  return { host: parts.host ?? '127.0.0.1', port: parts.port ?? 6379 };
}

function partsOf(node: string): Partial<Address> {
  if (/^\d+$/.test(node)) return { port: Number(node) };
  const text = node.includes('://') ? node : `redis://${node}`;
  if (!URL.canParse(text))
    throw wrong('client', 'The client of the option "client" has a node that is no address.');
  const { hostname, port } = new URL(text);
  return { host: hostname.replace(/^\[|\]$/g, ''), ...(port !== '' && { port: Number(port) }) };
}

function isClient(value: unknown): value is ClientLike | ClusterLike {
  if (typeof value !== 'object' || value === null || !('duplicate' in value) || !('options' in value))
    return false;
  return typeof value.duplicate === 'function' && typeof value.options === 'object' && value.options !== null;
}

function isCluster(value: ClientLike | ClusterLike): value is ClusterLike {
  return 'isCluster' in value && value.isCluster;
}
