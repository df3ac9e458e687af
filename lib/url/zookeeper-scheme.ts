import type { LockStore } from '../line/store.js';
import type { Duration } from '../util/duration.js';
import { onlyOptions, refusal, type UrlParts } from './url-parts.js';

/** `zookeeper://[user:password@]host[:port][,host[:port]…][/root]`. */
export async function zookeeperFromUrl(parts: UrlParts): Promise<LockStore> {
  const { sessionTimeout } = onlyOptions(parts, ['sessionTimeout']);
  const { hosts, url } = parts;
  if (hosts.includes('')) throw refusal('names no host; write zookeeper://host:2181');
  const { zookeeperStore } = await import('../stores/zookeeper/index.js');
  return zookeeperStore({
    connect: hosts.join(','),
    ...(['', '/'].includes(url.pathname) ? {} : { root: decoded(url.pathname.replace(/\/$/, '')) }),
    ...(`${url.username}${url.password}` === ''
      ? {}
      : { auth: { scheme: 'digest', credentials: credentialsOf(url) } }),
    ...(sessionTimeout === undefined ? {} : { sessionTimeout: sessionTimeout as Duration }),
  });
}

function credentialsOf({ username, password }: URL): string {
  if (username.includes('%3A')) throw refusal('has a ":" in its user, which ZooKeeper cannot take');
  return `${decoded(username)}:${decoded(password)}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refusal('has a broken %xx in its user, password or root; write a % as %25');
  }
}
