import { Redis } from 'ioredis';
import { type ClientOptions, type Connection, OWN_OPTIONS, wrong } from './client-options.js';

/** `redis[s]://[user:password@]host[:port][/database]`. @throws LockConfigError */
export function fromUrl(value: unknown): Connection {
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
  const makeClient = (): Redis => new Redis({ ...base, ...OWN_OPTIONS });
  return { kind: 'single', makeClient, place: `${hostname}:${base.port}` };
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
