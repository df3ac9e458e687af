import { LockKeyError } from '../errors.js';
import { KeyText } from './key-text.js';
import { describeValue, KEY_VALUES, keyValueText } from './key-value.js';
import { listParameters, type MethodParameters, positionOf } from './method-parameters.js';

/** The key or keys of one call. */
export type Keys = string | readonly string[];
/** What a decorator is given: a template, several, or a function of the method's arguments. */
export type KeySource = Keys | ((...args: never[]) => Keys);
/** Makes the keys of a call from its arguments. @throws LockKeyError where a value cannot be part of a key */
export type KeyMaker = (args: readonly unknown[]) => Keys;

/** The method that a key is made for. */
export interface KeyedMethod {
  /** How errors begin: `@DistributedLock on VoteService.vote`. */
  readonly where: string;
  readonly parameters: () => MethodParameters;
}

/**
 * Compiles a template, once for each method: text with holes, of which `#<name>` stands for a parameter,
 * `#<order.shop.id>` for a path in it, and `#<0>` for a position.
 * @throws LockKeyError where a hole names no parameter
 */
export function compileKey(source: KeySource, method: KeyedMethod): KeyMaker {
  if (typeof source === 'function') return keyFunction(source as (...args: unknown[]) => unknown, method);
  if (typeof source === 'string') return compileTemplate(source, method);
  if (!Array.isArray(source) || source.length === 0) {
    throw wrong(method, 'the key must be a template, a list of templates or a function');
  }
  const makers = source.map((template: string) => compileTemplate(template, method));
  return (args) => makers.map((make) => make(args));
}

/** How logs and metrics name the key, whatever its values are. */
export function keyLabel(source: KeySource, methodName: string): string {
  return typeof source === 'function' ? `${methodName}()` : [source].flat().join(' + ');
}

interface Hole {
  /** As it stands in the template. */
  readonly label: string;
  readonly position: number;
  readonly path: readonly string[];
}

const HOLE = /#<([^<>]*)>/g;
// UTF-8 has no bytes for half a surrogate pair.
const UNUSABLE = /[\0\ud800-\udfff]/u;

function compileTemplate(template: string, method: KeyedMethod): (args: readonly unknown[]) => string {
  if (typeof template !== 'string' || template === '') throw wrong(method, 'a template is an empty text');
  const texts = template.split(HOLE).filter((_, index) => index % 2 === 0);
  if (texts.some((text) => text.includes('#<'))) throw wrong(method, `"#<" is not closed in "${template}"`);
  if (UNUSABLE.test(template)) throw wrong(method, 'a template holds a NUL or half a surrogate pair');
  const holes = [...template.matchAll(HOLE)].map(([label, inside]) => holeOf(label, inside ?? '', method));
  if (holes.length === 0) return () => template;
  const text = new KeyText(texts);
  return (args) => text.write(holes.map((hole) => valueOf(hole, args, method)));
}

function holeOf(label: string, inside: string, method: KeyedMethod): Hole {
  const [name = '', ...path] = inside.split('.').map((step) => step.trim());
  if (name === '' || path.includes('')) throw wrong(method, `${label} names no parameter`);
  const parameters = method.parameters();
  const position = positionOf(name, parameters);
  if (position === undefined) {
    throw wrong(method, `no parameter "${name}" for ${label}; it has (${listParameters(parameters)})`);
  }
  return { label, position, path };
}

function valueOf({ label, position, path }: Hole, args: readonly unknown[], method: KeyedMethod): string {
  let value = args[position];
  for (const step of path) value = (value as Record<string, unknown> | null | undefined)?.[step];
  const text = keyValueText(value);
  if (text !== undefined) return text;
  throw wrong(method, `${label} is ${describeValue(value)} in this call; it must be ${KEY_VALUES}`);
}

function keyFunction(make: (...args: unknown[]) => unknown, method: KeyedMethod): KeyMaker {
  return (args) => {
    const made = make(...args);
    const isKey = (each: unknown): boolean => typeof each === 'string' && each !== '';
    if (Array.isArray(made) ? made.length > 0 && made.every(isKey) : isKey(made)) return made as Keys;
    const shown = Array.isArray(made) ? `[${made.map(describeValue).join(', ')}]` : describeValue(made);
    throw wrong(method, `the key function returned ${shown}; it must return a non-empty string, or several`);
  };
}

function wrong(method: KeyedMethod, what: string): LockKeyError {
  return new LockKeyError(`${method.where}: ${what}.`);
}
