import { TOKEN_BLOCK } from '../../line/store.js';

/** The ensemble has counted further than a number in JavaScript can. */
export class TokenOutOfReach extends Error {
  constructor(czxid: bigint) {
    super(`its transaction 0x${czxid.toString(16)} gives a fencing token above 2^53`);
  }
}

/**
 * The first token of the block of a node: the transaction that made it, which grows over all keys, restarts and leaders.
 * @throws TokenOutOfReach from the 32,768th election of a leader on
 */
export function tokenOf(czxid: bigint): number {
  const token = czxid * BigInt(TOKEN_BLOCK);
  if (token > BigInt(Number.MAX_SAFE_INTEGER - TOKEN_BLOCK)) throw new TokenOutOfReach(czxid);
  return Number(token);
}
