import type { LockStore } from '../line/store.js';
import { count, span } from './option-values.js';
import { isDecodable, onlyOptions, refusal, secretOf, type UrlParts } from './url-parts.js';

const OPTIONS = ['clockTolerance', 'waitReplicas'] as const;
const FORMS = {
  single: 'redis://host:6379',
  sentinel: 'redis+sentinel://host:26379/mymaster',
  cluster: 'redis+cluster://host:6379',
} as const;
const SENTINEL_PORT = 26_379;
const PORT = 6379;

/** `redis[s][+spin]://[user:password@]host[:port][/database]`. */
export async function redisFromUrl(parts: UrlParts): Promise<LockStore> {
  const spins = parts.scheme.endsWith('+spin');
  const given = onlyOptions(parts, spins ? [...OPTIONS, 'spinInterval'] : [...OPTIONS]);
  const options = {
    ...sharedOptions(given),
    ...span('spinInterval', given['spinInterval']),
    ...(spins ? { waiting: 'spin' as const } : {}),
  };
  const url = plainUrl(parts);
  const { redisStore } = await import('../stores/redis/index.js');
  return redisStore({ url, ...options });
}

/** `redis[s]+sentinel://[user:password@]host[:port][,host[:port]…]/master[/database]`. */
export async function sentinelFromUrl(parts: UrlParts): Promise<LockStore> {
  const given = onlyOptions(parts, [...OPTIONS, 'sentinelUsername', 'sentinelPassword']);
  const sentinels = nodesOf(parts, { port: SENTINEL_PORT, form: FORMS.sentinel });
  const [, name = '', database = '0'] = /^\/([^/]+)(?:\/(\d{1,5})?)?$/.exec(parts.url.pathname) ?? [];
  if (name === '') {
    throw refusal(`names no master, or more than its database behind it; write ${FORMS.sentinel}`);
  }
  checkText(parts, name);
  const options = {
    ...credentialsOf(parts),
    ...secretOf(parts, 'sentinelUsername'),
    ...secretOf(parts, 'sentinelPassword'),
    ...(isSecure(parts) && { tls: {}, sentinelTLS: {} }),
    db: Number(database),
  };
  const { redisStore } = await import('../stores/redis/index.js');
  return redisStore({ sentinels, name: decodeURIComponent(name), options, ...sharedOptions(given) });
}

/** `redis[s]+cluster://[user:password@]host[:port][,host[:port]…]`. */
export async function clusterFromUrl(parts: UrlParts): Promise<LockStore> {
  const given = onlyOptions(parts, [...OPTIONS]);
  const nodes = nodesOf(parts, { port: PORT, form: FORMS.cluster });
  if (!/^\/?0?$/.test(parts.url.pathname)) {
    throw refusal(`has a path, and a cluster has the database 0 only; write ${FORMS.cluster}`);
  }
  checkText(parts);
  const options = { ...credentialsOf(parts), ...(isSecure(parts) && { tls: {} }) };
  const { redisStore } = await import('../stores/redis/index.js');
  return redisStore({ nodes, options, ...sharedOptions(given) });
}

function sharedOptions(given: { clockTolerance?: string; waitReplicas?: string }): object {
  return {
    ...span('clockTolerance', given.clockTolerance),
    ...count('waitReplicas', given.waitReplicas),
  };
}

// What is left is what the driver knows: its scheme, and no query, which it would take for options of its own.
function plainUrl(parts: UrlParts): string {
  const { scheme, url } = parts;
  if (url.hostname === '') throw refusal(`names no host; write ${FORMS.single}`);
  if (!/^\/?\d*$/.test(url.pathname)) {
    throw refusal(`has a path that is no database number; write ${FORMS.single}/0`);
  }
  checkText(parts);
  const plain = scheme.replace(/\+spin$/, '');
  return `${plain}${url.href.slice(scheme.length)}`.replace(/\?.*$/, '');
}

function nodesOf(
  { hosts }: UrlParts,
  { port, form }: { port: number; form: string },
): { host: string; port: number }[] {
  if (hosts.includes('')) throw refusal(`names no host; write ${form}`);
  return hosts.map((text) => {
    const url = new URL(`redis://${text}`);
    if (url.port === '0') throw refusal(`has a host with the port 0; write ${form}`);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    return { host, port: url.port === '' ? port : Number(url.port) };
  });
}

function credentialsOf({ url: { username, password } }: UrlParts): object {
  return {
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
  };
}

function checkText({ url: { username, password } }: UrlParts, ...further: string[]): void {
  if ([username, password, ...further].every(isDecodable)) return;
  const what = further.length > 0 ? 'user, password or master' : 'user or password';
  throw refusal(`has a broken %xx in its ${what}; write a % as %25`);
}

function isSecure({ scheme }: UrlParts): boolean {
  return scheme.startsWith('rediss');
}
