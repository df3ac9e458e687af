import { LockConfigError } from '../errors.js';

/** @throws LockConfigError where the options are no object */
export function requireObject(what: string, options: unknown): asserts options is object {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  const shown = options === null ? 'null' : typeof options;
  throw new LockConfigError(`${what}: the options are ${shown}; they must be an object.`, {
    option: 'options',
  });
}

/** Refuses options that do not exist: a misspelt one would be silently without effect. @throws LockConfigError */
export function checkNames(what: string, options: unknown, known: readonly string[]): void {
  requireObject(what, options);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new LockConfigError(`${what}: there is no option "${unknown}"; there are ${known.join(', ')}.`, {
    option: unknown,
  });
}

/** An error in the words of all options; `where` is empty or ends in a colon. */
export function wrongOption(
  where: string,
  option: string,
  { value, bound }: { readonly value: unknown; readonly bound: string },
): LockConfigError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new LockConfigError(`${where}Option "${option}" is ${shown}; it must be ${bound}.`, { option });
}
