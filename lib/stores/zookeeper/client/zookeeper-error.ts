/**
 * What went wrong, in one word; stable, for programs.
 *
 * Answers of the server: the first seven. `CONNECTION_LOSS`: it was sent and the answer never came, so nobody knows
 * whether it was done. `NOT_CONNECTED`: it was never sent, so it was not done.
 */
export type ZooKeeperErrorCode =
  | 'NO_NODE'
  | 'NODE_EXISTS'
  | 'NOT_EMPTY'
  | 'BAD_VERSION'
  | 'NO_AUTH'
  | 'AUTH_FAILED'
  | 'SESSION_EXPIRED'
  | 'CONNECTION_LOSS'
  | 'NOT_CONNECTED'
  | 'NO_SERVER'
  | 'CLOSED'
  | 'OTHER';

/** More about a failure, where it is known. */
export interface ZooKeeperErrorInit {
  readonly code: ZooKeeperErrorCode;
  /** The node it was about, as the caller named it: without the chroot. */
  readonly path?: string | undefined;
  /** The server's own number, where it answered one. */
  readonly serverCode?: number | undefined;
  readonly cause?: unknown;
}

/** Codes after which the same request may succeed in a moment, without anybody's hand. */
const TRANSIENT: ReadonlySet<ZooKeeperErrorCode> = new Set([
  'SESSION_EXPIRED',
  'CONNECTION_LOSS',
  'NOT_CONNECTED',
  'NO_SERVER',
]);
/** The session was taken over by another connection; a request was throttled; the server has no quorum just now. */
const TRANSIENT_ANSWERS: ReadonlySet<number> = new Set([-118, -127, -7]);

/** A request to ZooKeeper that failed; of a server's answer, of the connection, or of the session. */
export class ZooKeeperError extends Error {
  override readonly name = 'ZooKeeperError';
  readonly code: ZooKeeperErrorCode;
  readonly path: string | undefined;
  readonly serverCode: number | undefined;
  /** True where asking again may succeed: a cut connection, servers that elect a leader, a session that ended (after `connect`). */
  readonly isTransient: boolean;

  constructor(message: string, { code, path, serverCode, cause }: ZooKeeperErrorInit) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.path = path;
    this.serverCode = serverCode;
    this.isTransient = TRANSIENT.has(code) || (serverCode !== undefined && TRANSIENT_ANSWERS.has(serverCode));
  }
}
