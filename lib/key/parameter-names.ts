import { namesFromClassSource } from './class-source.js';
import { scanParameters } from './parameter-scanner.js';

// A method may have been replaced by anything callable.
export type AnyFunction = (...args: never[]) => unknown;

/**
 * The names of a method's parameters, by position, from the source; undefined where a pattern stands, `...rest` for
 * the rest. Where another decorator has replaced the method (its source then reads `function (...args)`), they come
 * from the source of the class, which still holds the original.
 */
export function parameterNames(
  prototype: object,
  name: string | symbol,
  method: AnyFunction,
): readonly (string | undefined)[] {
  const own = sourceOf(method);
  const ofClass = sourceOf(prototype.constructor as AnyFunction);
  const isReplaced = typeof name === 'string' && !ofClass.includes(own);
  return (isReplaced ? namesFromClassSource(ofClass, name) : undefined) ?? scanParameters(own);
}

function sourceOf(callable: AnyFunction): string {
  return Function.prototype.toString.call(callable);
}
