/**
 * The first of the Redis keys of a lock key: all of them begin with it, and its tag puts them into one slot.
 *
 * A tag must not be empty, or the server hashes the whole name; a lock key has no NUL, so no two meet in one name.
 */
export function stateKeyOf(key: string): string {
  return key.startsWith('}') ? `{\0${key}}` : `{${key}}`;
}

/** The lock key whose first Redis key this is; undefined where it is none. */
export function keyOfState(stateKey: string): string | undefined {
  const [, key] = /^\{\0?(.+)\}$/s.exec(stateKey) ?? [];
  return key !== undefined && stateKeyOf(key) === stateKey ? key : undefined;
}

/** What the first Redis keys of lock keys with that beginning look like, for `SCAN … MATCH`: others may do so too. */
export function statePatternOf(prefix: string): string {
  const escaped = prefix.replaceAll(/[\\*?[\]^]/g, '\\$&');
  return prefix.startsWith('}') ? `{\0${escaped}*}` : `{${escaped}*}`;
}
