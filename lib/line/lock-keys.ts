import { LockConfigError, LockKeyError } from '../errors.js';

/** In UTF-8; the stores hash what their back end cannot hold. */
const MOST_KEY_BYTES = 1024;
/** With the u flag this matches lone surrogates only; in UTF-8 all of them would become one character. */
const LONE_SURROGATE = /\p{Surrogate}/u;
/** What would end a hash tag, or reach into another namespace. */
const RESERVED = /[%:{}]/g;

/** The keys of one request: checked, each once, sorted bytewise, so that everybody takes them in the same order. @throws LockKeyError */
export function lockKeys(keys: string | readonly string[]): readonly string[] {
  if (typeof keys === 'string') return [checkKey(keys)];
  if (!Array.isArray(keys) || keys.length === 0) throw new LockKeyError('No key was given to lock on.');
  const unique = [...new Set((keys as readonly string[]).map(checkKey))];
  return unique.length === 1
    ? unique
    : unique.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** @throws LockConfigError */
export function namespacePrefix(namespace: string): string {
  const isText = typeof namespace === 'string' && namespace !== '' && !namespace.includes('\0');
  if (!isText || LONE_SURROGATE.test(namespace) || Buffer.byteLength(namespace) > MOST_KEY_BYTES) {
    throw new LockConfigError(
      `Option "namespace" is ${JSON.stringify(namespace)}; it must be a text of at most ${MOST_KEY_BYTES} bytes that is not empty.`,
      { option: 'namespace' },
    );
  }
  return `${namespace.replace(RESERVED, (char) => `%${char.charCodeAt(0).toString(16)}`)}:`;
}

function checkKey(key: string): string {
  const fault = faultOf(key);
  if (fault === undefined) return key;
  const shown = typeof key === 'string' ? JSON.stringify(key.slice(0, 80)) : String(key);
  throw new LockKeyError(`The key ${shown} cannot be locked: it ${fault}.`);
}

function faultOf(key: unknown): string | undefined {
  if (typeof key !== 'string') return 'is no string';
  if (key === '') return 'is empty';
  if (key.includes('\0')) return 'contains a NUL character';
  if (LONE_SURROGATE.test(key)) return 'is not well-formed Unicode (a lone surrogate)';
  // No character has more than three bytes for each of its UTF-16 units.
  if (key.length * 3 > MOST_KEY_BYTES && Buffer.byteLength(key) > MOST_KEY_BYTES) {
    return `is longer than ${MOST_KEY_BYTES} bytes`;
  }
  return undefined;
}
