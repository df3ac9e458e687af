import type { ZooKeeperAddress } from './zookeeper-client.js';
import { ZooKeeperError, type ZooKeeperErrorCode } from './zookeeper-error.js';

/** What a request was to do, for people: `create "/locks/a"`. */
export interface Deed {
  readonly verb: string;
  readonly path?: string | undefined;
}

/** Numbers of the server that somebody here looks at. */
export const NO_NODE = -101;
export const SESSION_EXPIRED = -112;
export const SESSION_MOVED = -118;

interface Meaning {
  readonly code: ZooKeeperErrorCode;
  readonly text: string;
}

/** @see https://zookeeper.apache.org/doc/r3.8.4/apidocs/zookeeper-server/org/apache/zookeeper/KeeperException.Code.html */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  [NO_NODE]: { code: 'NO_NODE', text: 'there is no such node, or none above it' },
  [-102]: {
    code: 'NO_AUTH',
    text: 'the node belongs to somebody else. Check the credentials, or choose another root',
  },
  [-103]: { code: 'BAD_VERSION', text: 'it was changed meanwhile' },
  [-108]: { code: 'OTHER', text: 'an ephemeral node has no children' },
  [-110]: { code: 'NODE_EXISTS', text: 'it is there already' },
  [-111]: { code: 'NOT_EMPTY', text: 'it has children' },
  [SESSION_EXPIRED]: { code: 'SESSION_EXPIRED', text: 'the session has expired' },
  [-113]: { code: 'OTHER', text: 'the server refuses to make it; it may be older than 3.5' },
  [-114]: {
    code: 'OTHER',
    text: 'the server does not take these permissions: digest credentials are needed',
  },
  [-115]: { code: 'AUTH_FAILED', text: 'the server refused the credentials' },
  [SESSION_MOVED]: { code: 'OTHER', text: 'the session is used over another connection' },
  [-119]: { code: 'OTHER', text: 'the server is read-only just now' },
  [-124]: { code: 'AUTH_FAILED', text: 'the server wants another kind of credentials' },
  [-6]: { code: 'OTHER', text: 'the server does not know this request; it may be older than 3.5' },
  [-7]: { code: 'OTHER', text: 'the servers took too long' },
  [-8]: { code: 'OTHER', text: 'the server takes it for wrong' },
  [-127]: { code: 'OTHER', text: 'the server has too much to do' },
};

/** The server answered no. */
export function answerError(serverCode: number, { verb, path }: Deed): ZooKeeperError {
  const { code, text } = MEANINGS[serverCode] ?? {
    code: 'OTHER' as const,
    text: 'this is not an answer that is known here',
  };
  return new ZooKeeperError(`ZooKeeper did not ${phrase({ verb, path })}: ${text} (${serverCode}).`, {
    code,
    path,
    serverCode,
  });
}

/** It was sent, and the connection went before the answer came. */
export function lossError(reason: Error, { verb, path }: Deed): ZooKeeperError {
  const text = `The connection to ZooKeeper was lost before it answered whether it did ${phrase({ verb, path })}: ${reason.message}. It may have been done or not.`;
  return new ZooKeeperError(text, { code: 'CONNECTION_LOSS', path, cause: reason });
}

/** It was never sent. */
export function unsentError(
  code: 'NOT_CONNECTED' | 'SESSION_EXPIRED' | 'CLOSED',
  { verb, path }: Deed,
): ZooKeeperError {
  const text = {
    NOT_CONNECTED: 'there is no connection just now. Ask again',
    SESSION_EXPIRED: 'the session has ended. Connect anew',
    CLOSED: 'the client is closed',
  }[code];
  return new ZooKeeperError(`ZooKeeper was not asked to ${phrase({ verb, path })}: ${text}.`, { code, path });
}

/** Nobody opened a session in time. `failed`: what became of those that were tried. */
export function noServerError(
  servers: readonly ZooKeeperAddress[],
  withinMs: number,
  failed: readonly { readonly address: ZooKeeperAddress; readonly reason: Error }[],
): ZooKeeperError {
  const names = servers.map(nameOf).join(', ');
  const reasons = failed.map(({ address, reason }) => `${nameOf(address)}: ${reason.message}`).join('; ');
  const text = `No ZooKeeper server of ${names} opened a session within ${withinMs} ms${reasons && ` (${reasons})`}. Check that a majority of them runs, and that the addresses are right.`;
  return new ZooKeeperError(text, { code: 'NO_SERVER', cause: failed.at(-1)?.reason });
}

function nameOf({ host, port }: ZooKeeperAddress): string {
  return `${host}:${port}`;
}

function phrase({ verb, path }: Deed): string {
  return path === undefined ? verb : `${verb} ${JSON.stringify(path)}`;
}
