import { LockConfigError } from '../errors.js';

/** A store URL, taken apart. */
export interface UrlParts {
  readonly scheme: string;
  /** Of several hosts, with the first alone. */
  readonly url: URL;
  /** As they stand, `host` or `host:port`; more than one where commas are between them. */
  readonly hosts: readonly string[];
  /** The query: each name once. */
  readonly query: ReadonlyMap<string, string>;
}

// A scheme is told back only where `//` follows: `secret:x@host` has its password where a scheme stands.
const SCHEME = /^([a-z][a-z0-9+.-]*):(\/\/|[?#]|$)/i;

/** Options whose values hold a password. */
const SECRETS = ['sentinelPassword', 'sentinelUsername', 'listenUrl'];

// Before the hosts a user, up to the last "@"; behind them path, query and the rest.
const AUTHORITY = /^([a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?)([^/?#@]*)(.*)$/is;

/** The scheme of a store URL, without the colon, in small letters. @throws LockConfigError */
export function schemeOf(text: unknown): string {
  if (typeof text !== 'string')
    throw refusal(`is ${text === null ? 'null' : typeof text}; it must be a text`);
  if (text === '') throw refusal('is empty; write memory: or redis://host:6379');
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) throw refusal('has no scheme; write memory: or redis://host:6379');
  return scheme;
}

/** @throws LockConfigError, which says what is wrong and never shows the text */
export function splitUrl(text: string): UrlParts {
  const scheme = schemeOf(text);
  const [, front = text, list = '', back = ''] = AUTHORITY.exec(text) ?? [];
  const hosts = list.split(',');
  const url = parse(`${front}${hosts[0]}${back}`, scheme);
  // The parser knows one host only.
  for (const host of hosts.slice(1)) parse(`${scheme}://${host === '' ? ':' : host}`, scheme);
  if (url.hash !== '') throw refusal('has a "#" part; write a # of a password as %23');
  return { scheme, url, hosts, query: readQuery(url) };
}

/** @throws LockConfigError for a scheme that knows one server only */
export function onlyOneHost({ scheme, hosts }: UrlParts): void {
  if (hosts.length > 1) throw refusal(`names several hosts; ${scheme}:// takes one`);
}

// The parser drops line ends and tabs in silence; its own error carries the whole text, so no cause is kept.
function parse(text: string, scheme: string): URL {
  if (!/[\s\0]/.test(text) && URL.canParse(text)) return new URL(text);
  throw refusal(`is malformed; write ${scheme}://host:port, and special characters of a password as %xx`);
}

/** The options of the query. @throws LockConfigError for a name that is not among `allowed` */
export function onlyOptions<Name extends string>(
  { scheme, query }: UrlParts,
  allowed: readonly Name[],
): Partial<Record<Name, string>> {
  for (const name of query.keys()) {
    if ((allowed as readonly string[]).includes(name)) continue;
    const takes = allowed.length > 0 ? `it takes ${allowed.join(', ')}` : 'it takes none';
    const which = hasSecret(query)
      ? `an unknown option, or an & in a password, which is %26,`
      : `the unknown option "${name}"`;
    throw refusal(`has ${which} for ${scheme}; ${takes}`);
  }
  return Object.fromEntries(query) as Partial<Record<Name, string>>;
}

/** `what` says how it is wrong and what to write instead, without any part of the URL that may be secret. */
export function refusal(what: string): LockConfigError {
  return new LockConfigError(`The store URL ${what}.`, { option: 'url' });
}

/**
 * An option of the query that is none of anybody's business, read as the password before a host is: a "+" stands for
 * itself. @throws LockConfigError
 */
export function secretOf<Name extends string>({ url }: UrlParts, name: Name): Partial<Record<Name, string>> {
  const pairs = url.search.slice(1).split('&');
  const pair = pairs.find((text) => new URLSearchParams(text).has(name));
  if (pair === undefined) return {};
  const text = pair.slice(pair.indexOf('=') + 1);
  if (!isDecodable(text)) throw refusal(`has a broken %xx in its ${name}; write a % as %25`);
  return { [name]: decodeURIComponent(text) } as Record<Name, string>;
}

// What follows a password with an "&" in it looks like the name of an option.
function hasSecret(query: ReadonlyMap<string, string>): boolean {
  return SECRETS.some((name) => query.has(name));
}

/** False where a "%" in it does not begin a %xx. */
export function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== undefined;
  } catch {
    return false;
  }
}

function readQuery(url: URL): Map<string, string> {
  // The query's names are told back below, and this one may be the rest of a password.
  if (url.search.includes('@'))
    throw refusal('has an "@" behind its "?"; write a ? of a password as %3F, an @ of an option as %40');
  const query = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (query.has(name))
      throw refusal(`gives ${hasSecret(query) ? 'an option' : `the option "${name}"`} twice`);
    query.set(name, value);
  }
  return query;
}
