import { LockKeyError } from '../errors.js';
import { KeyText } from './key-text.js';
import { describeValue, KEY_VALUES, type KeyValue, keyValueText } from './key-value.js';

/**
 * Makes a key by hand with the escaping of a decorator's template, so that different values never meet in one key.
 *
 * @example lockKey`vote:${userSeq}` is the key of `@DistributedLock('vote:#<userSeq>')`
 * @throws LockKeyError where a value is empty, no number, or of another type
 */
export function lockKey(text: TemplateStringsArray, ...values: KeyValue[]): string {
  return keyTextOf(text).write(values.map(written));
}

// Kept for as long as the place in the program that wrote it.
const keyTexts = new WeakMap<TemplateStringsArray, KeyText>();

function keyTextOf(text: TemplateStringsArray): KeyText {
  let keyText = keyTexts.get(text);
  if (!keyText) keyTexts.set(text, (keyText = new KeyText(text)));
  return keyText;
}

function written(value: KeyValue, index: number): string {
  const text = keyValueText(value);
  if (text !== undefined) return text;
  throw new LockKeyError(`lockKey: value ${index + 1} is ${describeValue(value)}; it must be ${KEY_VALUES}.`);
}
