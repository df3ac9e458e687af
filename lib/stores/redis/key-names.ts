/**
 * The first of the Redis keys of a lock key: all of them begin with it, and its tag puts them into one slot.
 *
 * A tag must not be empty, or the server hashes the whole name; a lock key has no NUL, so no two meet in one name.
 */
export function stateKeyOf(key: string): string {
  return key.startsWith('}') ? `{\0${key}}` : `{${key}}`;
}
