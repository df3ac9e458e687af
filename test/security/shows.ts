import { inspect } from 'node:util';

/**
 * True where the text shows in the value: in what a log or a debugger prints of it, to any depth. As `util.inspect` without
 * a limit would, hidden properties, maps and sets too, but each object once: what hangs on a socket is endless.
 */
export function shows(value: unknown, text: string): boolean {
  const seen = new Set<unknown>();
  const next: unknown[] = [value];
  // It grows while it is walked.
  for (const one of next) {
    if (typeof one === 'string' && one.includes(text)) return true;
    if (!isObject(one) || seen.has(one)) continue;
    seen.add(one);
    next.push(...partsOf(one));
  }
  return false;
}

function isObject(one: unknown): one is object {
  return (typeof one === 'object' && one !== null) || typeof one === 'function';
}

function partsOf(one: object): unknown[] {
  const print: unknown = Reflect.get(one, inspect.custom);
  if (typeof print === 'function') return [print.call(one, 2, {}, inspect)];
  if (Buffer.isBuffer(one)) return [one.toString('latin1')];
  const parts = Reflect.ownKeys(one).flatMap((name) => {
    const { value } = Reflect.getOwnPropertyDescriptor(one, name) ?? {};
    return value === undefined ? [] : [String(name), value];
  });
  if (one instanceof Map) parts.push(...one.keys(), ...one.values());
  if (one instanceof Set) parts.push(...one);
  return parts;
}
