/** What can be part of a key. */
export type KeyValue = string | number | bigint | boolean | Date;

export const KEY_VALUES = 'a non-empty string, a finite number, a bigint, a boolean or a valid Date';

/**
 * The text of a value before it is escaped; undefined where it cannot be part of a key.
 *
 * Values that read the same are the same: `7`, `7n` and `'7'` name one voter, whether the number came through a pipe
 * or not; a Date reads as in JSON.
 */
export function keyValueText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return value instanceof Date ? dateText(value) : undefined;
}

function dateText(date: Date): string | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** A value as an error message shows it: short, and never the content of an object. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return describeText(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'an invalid Date';
  return `an object (${classNameOf(value)})`;
}

const LONGEST_SHOWN = 80;

function describeText(text: string): string {
  if (text === '') return 'an empty string';
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}

function classNameOf(value: object): string {
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'Object';
}
