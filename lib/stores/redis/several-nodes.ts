import { Redis } from 'ioredis';
import { LockUnsupportedError } from '../../errors.js';
import {
  type Address,
  type ClientOptions,
  type Connection,
  following,
  NEUTRAL_OPTIONS,
  OWN_OPTIONS,
  sentinelClient,
  textOf,
  wrong,
} from './client-options.js';
import { STORE_NAME } from './redis-errors.js';

type NatMap = Readonly<Record<string, Address>> | ((node: string) => Address | null | undefined);

/** What is read of the options of an ioredis Cluster. */
export interface ClusterNodeOptions {
  readonly redisOptions?: ClientOptions;
  readonly natMap?: NatMap;
  readonly useSRVRecords?: boolean;
}

/** With `tls` and nothing else said, the driver would speak plain text to the master, its password included. */
const SECURE_THROUGHOUT: ClientOptions = { enableTLSForSentinelMode: true };

/** A master by the sentinels that watch it. @throws LockConfigError */
export function fromSentinels({ sentinels, name, options }: Readonly<Record<string, unknown>>): Connection {
  const addresses = addressesOf('sentinels', sentinels);
  if (typeof name !== 'string' || name === '') {
    throw wrong(
      'name',
      'Option "name" is missing: give the name under which the sentinels watch the master.',
    );
  }
  const further = objectOf(options) as ClientOptions;
  const makeClient = (): Redis =>
    following(
      sentinelClient(
        (own) => new Redis({ ...SECURE_THROUGHOUT, ...further, ...own, sentinels: [...addresses], name }),
      ),
      further,
    );
  return { kind: 'single', makeClient, place: `master "${name}"` };
}

/** A cluster by some of its nodes. @throws LockConfigError, LockUnsupportedError */
export function fromNodes({ nodes, options }: Readonly<Record<string, unknown>>): Connection {
  const further = objectOf(options);
  // Those of a Cluster of ioredis, or those of each connection alone.
  const isOfCluster = 'redisOptions' in further || 'natMap' in further || 'useSRVRecords' in further;
  const given = (isOfCluster ? further : { redisOptions: further }) as ClusterNodeOptions;
  return clusterConnection('nodes', addressesOf('nodes', nodes), given);
}

export function clusterConnection(
  option: string,
  startNodes: readonly Address[],
  { redisOptions = {}, natMap, useSRVRecords }: ClusterNodeOptions,
): Connection {
  if (startNodes.length === 0) throw wrong(option, `Option "${option}" names no node of the cluster.`);
  if (useSRVRecords === true) {
    const text =
      'A Redis store does not look up SRV records ("useSRVRecords"): name nodes by host and port in "nodes".';
    throw new LockUnsupportedError(text, { store: STORE_NAME });
  }
  return {
    kind: 'cluster',
    place: startNodes.map(textOf).join(', '),
    startNodes,
    makeClient: ({ host, port }) =>
      following(
        new Redis({ ...redisOptions, ...NEUTRAL_OPTIONS, ...OWN_OPTIONS, host, port, db: 0 }),
        redisOptions,
      ),
    reach: (node) => reached(natMap, node),
  };
}

function reached(natMap: NatMap | undefined, node: Address): Address {
  const name = textOf(node);
  const mapped = typeof natMap === 'function' ? natMap(name) : natMap?.[name];
  return mapped ?? node;
}

function addressesOf(option: string, value: unknown): readonly Address[] {
  const isAddress = (one: unknown): one is Address =>
    typeof one === 'object' &&
    one !== null &&
    'host' in one &&
    'port' in one &&
    typeof one.host === 'string' &&
    Number.isInteger(one.port);
  if (Array.isArray(value) && value.length > 0 && value.every(isAddress)) {
    return value.map(({ host, port }) => ({ host, port }));
  }
  throw wrong(option, `Option "${option}" must be a list of { host, port }, of one at least.`);
}

function objectOf(value: unknown): object {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw wrong('options', 'Option "options" must be an object with options of ioredis.');
}
