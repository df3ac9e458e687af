import type { LockStore } from '../line/store.js';
import { span } from './option-values.js';
import { isDecodable, onlyOptions, refusal, type UrlParts } from './url-parts.js';

/** `memory:`, and nothing else in it. */
export async function memoryFromUrl(parts: UrlParts): Promise<LockStore> {
  onlyOptions(parts, []);
  const { host, username, password, pathname } = parts.url;
  if (`${host}${username}${password}${pathname}` !== '') {
    throw refusal('is more than memory:, which takes no host, path or password');
  }
  const { memoryStore } = await import('../stores/memory/index.js');
  return memoryStore();
}

/** `postgres[+transaction]://[user:password@]host[:port]/database`. */
export async function postgresFromUrl(parts: UrlParts): Promise<LockStore> {
  const given = onlyOptions(parts, [...POSTGRES_OPTIONS, ...OF_THE_DRIVER]);
  const options = {
    strategy: strategyOf(parts),
    ...span('clockTolerance', given.clockTolerance),
    ...(given.table === undefined ? {} : { table: given.table }),
    ...(given.listenUrl === undefined ? {} : { listenUrl: given.listenUrl }),
  };
  const url = plainPostgresUrl(parts);
  const { postgresStore } = await import('../stores/postgres/index.js');
  return postgresStore({ url, ...options });
}

const POSTGRES_OPTIONS = ['clockTolerance', 'table', 'listenUrl'] as const;
/** What the driver reads from an address by itself. */
const OF_THE_DRIVER = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const;

function plainPostgresUrl(parts: UrlParts): string {
  checkDatabaseUrl(parts.url, 'postgres://host:5432/database');
  return plainDatabaseUrl(parts, POSTGRES_OPTIONS);
}

/** `mysql[+transaction]://[user:password@]host[:port]/database`. */
export async function mysqlFromUrl(parts: UrlParts): Promise<LockStore> {
  const given = onlyOptions(parts, ['clockTolerance', 'table', 'ssl']);
  const options = {
    strategy: strategyOf(parts),
    ...span('clockTolerance', given.clockTolerance),
    ...(given.table === undefined ? {} : { table: given.table }),
  };
  checkDatabaseUrl(parts.url, 'mysql://host:3306/database');
  const url = plainDatabaseUrl(parts, ['clockTolerance', 'table']);
  const { mysqlStore } = await import('../stores/mysql/index.js');
  return mysqlStore({ url, ...options });
}

function strategyOf({ scheme }: UrlParts): 'lease' | 'transaction' {
  return scheme.endsWith('+transaction') ? 'transaction' : 'lease';
}

/** What is left is what the driver knows. */
function plainDatabaseUrl({ scheme, url }: UrlParts, ours: readonly string[]): string {
  const plain = new URL(url);
  for (const name of ours) plain.searchParams.delete(name);
  return `${scheme.replace(/\+transaction$/, '')}${plain.href.slice(scheme.length)}`;
}

function checkDatabaseUrl({ hostname, pathname, username, password }: URL, form: string): void {
  if (hostname === '') throw refusal(`names no host; write ${form}`);
  if (!/^\/[^/]+$/.test(pathname)) throw refusal(`names no database; write ${form}`);
  if (![username, password, pathname].every(isDecodable)) {
    throw refusal('has a broken %xx in its user, password or database; write a % as %25');
  }
}
