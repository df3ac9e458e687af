import type { ConnectionOptions } from 'node:tls';
import { LockConfigError } from '../../errors.js';
import { durationMs } from '../../util/duration.js';
import type { ZooKeeperAddress, ZooKeeperOptions } from './client/index.js';
import type { ZooKeeperStoreOptions } from './zookeeper-store.js';

/** The options, checked. */
export interface ZooKeeperSettings {
  readonly servers: readonly ZooKeeperAddress[];
  /** Hosts and ports, for errors; no credentials. */
  readonly shown: string;
  /** Below which all nodes of the store stand. */
  readonly chroot: string;
  /** Undefined where it follows the watchdog. */
  readonly sessionMs: number | undefined;
  readonly auth: ZooKeeperOptions['auth'];
  readonly tls: ConnectionOptions | undefined;
}

const NAMES = ['connect', 'sessionTimeout', 'root', 'auth', 'tls'];
const DEFAULT_ROOT = '/distributed-lock';
const DEFAULT_PORT = 2181;
const SESSION_BOUNDS = { minMs: 200, maxMs: 3_600_000 };

const SERVER = /^(?:\[([0-9a-f:.]+)\]|([^\s/:[\]@]+))(?::(\d{1,5}))?$/i;
// What ZooKeeper takes for a path, less what nobody can type.
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\x21-\x2e\x30-\x7e]+)+$/;

/** @throws LockConfigError naming the option */
export function readOptions(options: ZooKeeperStoreOptions): ZooKeeperSettings {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const stranger = Object.keys(given).find((name) => given[name] !== undefined && !NAMES.includes(name));
  if (stranger !== undefined) {
    throw wrong(stranger, `A ZooKeeper store has no option "${stranger}"; it has ${NAMES.join(', ')}.`);
  }
  const { servers, chroot } = readConnect(given['connect']);
  const { sessionTimeout } = options;
  return {
    servers,
    shown: servers.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(','),
    chroot: chroot + readPath('root', given['root'] ?? DEFAULT_ROOT),
    sessionMs:
      sessionTimeout === undefined
        ? undefined
        : Math.ceil(durationMs('sessionTimeout', sessionTimeout, SESSION_BOUNDS)),
    auth: readAuth(given['auth']),
    tls: readTls(given['tls']),
  };
}

/** The text is never shown: whoever took it for a URL may have put a password into it. */
function readConnect(value: unknown): { servers: ZooKeeperAddress[]; chroot: string } {
  const form =
    'Option "connect" is not a list of servers of the form host[:port],host[:port],…, or with a path behind the last.';
  if (typeof value !== 'string') throw wrong('connect', form);
  const slash = value.indexOf('/');
  const list = slash < 0 ? value : value.slice(0, slash);
  const servers = list.split(',').map((text) => {
    const [, v6, host, port] = SERVER.exec(text.trim()) ?? [];
    const name = v6 ?? host;
    const number = Number(port ?? DEFAULT_PORT);
    if (name === undefined || number === 0 || number > 65_535) throw wrong('connect', form);
    return { host: name, port: number };
  });
  const path = slash < 0 ? '' : value.slice(slash).replace(/\/+$/, '');
  return { servers, chroot: path === '' ? '' : readPath('connect', path) };
}

function readPath(option: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= 512 && PATH.test(value)) return value;
  const what = option === 'root' ? `is ${JSON.stringify(value)}` : 'ends with something else';
  throw wrong(
    option,
    `Option "${option}" ${what}; it must be a path like "/app/locks", in plain characters.`,
  );
}

function readAuth(value: unknown): ZooKeeperOptions['auth'] {
  if (value === undefined) return undefined;
  const { scheme, credentials } = (value ?? {}) as { scheme?: unknown; credentials?: unknown };
  if (scheme !== 'digest' || typeof credentials !== 'string' || !/^[^:]+:/.test(credentials)) {
    throw wrong('auth', 'Option "auth" must be { scheme: "digest", credentials: "user:password" }.');
  }
  return { scheme, credentials };
}

function readTls(value: unknown): ConnectionOptions | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null) return value;
  throw wrong('tls', 'Option "tls" must be the options of tls.connect, such as { ca }; {} for the defaults.');
}

function wrong(option: string, text: string): LockConfigError {
  return new LockConfigError(text, { option });
}
