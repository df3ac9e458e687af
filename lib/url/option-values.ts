import { type Duration, durationMs } from '../util/duration.js';
import { refusal } from './url-parts.js';

/** A duration of the query, as the option that it is; nothing where it was not given. @throws LockConfigError */
export function span<Name extends string>(
  name: Name,
  text: string | undefined,
): Partial<Record<Name, number>> {
  if (text === undefined) return {};
  return { [name]: durationMs(name, text as Duration) } as Record<Name, number>;
}

/** A number of the query, likewise. @throws LockConfigError */
export function count<Name extends string>(
  name: Name,
  text: string | undefined,
): Partial<Record<Name, number>> {
  if (text === undefined) return {};
  if (/^\d{1,6}$/.test(text)) return { [name]: Number(text) } as Record<Name, number>;
  throw refusal(`has ${name}=${JSON.stringify(text)}; it must be a whole number from 0`);
}
