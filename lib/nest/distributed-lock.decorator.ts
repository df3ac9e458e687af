import { Observable } from 'rxjs';
import { LockConfigError } from '../errors.js';
import { compileKey, keyLabel, type KeySource } from '../key/key-template.js';
import { type MethodParameters, parameterCount } from '../key/method-parameters.js';
import { parameterNames } from '../key/parameter-names.js';
import { type DistributedLockOptions, readDecoratorOptions } from './decorator-options.js';
import { DistributedLockInterceptor } from './distributed-lock.interceptor.js';
import { type Invocation, invokeGenerator, invokeObservable, invokePromise } from './lock-invocation.js';
import { type LockPlan, type Method, notePlan } from './lock-plan.js';
import { INTERCEPTORS, requestedNames, takeIdentity } from './nest-metadata.js';
import { currentLocks, keyNames, placeOf } from './parameter-decorators.js';
import { injectRuntime } from './runtime-injection.js';

/** What a locked method returns: something whose end can be waited for. */
export type Lockable = PromiseLike<unknown> | Observable<unknown> | AsyncIterable<unknown>;
type Fits<K, M> = M extends (...args: infer P) => Lockable
  ? K extends (...args: P) => unknown
    ? unknown
    : never
  : never;
/** Refuses, when it is compiled, methods that are not {@link Lockable} and keys that do not take their arguments. */
export type LockDecorator<K> = <M extends (...args: never[]) => Lockable>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & Fits<K, M>,
) => void;
/** Makes the key, or several, from the method's arguments. */
export type KeyFunction<A extends never[] = never[]> = (...args: A) => string | readonly string[];

/**
 * Runs the method under a distributed lock. The method is a handler (HTTP, microservice, WebSocket, GraphQL), locked
 * after its pipes and until its whole result is done, or any method of a provider.
 *
 * @example
 * ```ts
 * @DistributedLock('vote:#<userSeq>')
 * async vote(userSeq: number): Promise<void> {}
 * ```
 * @param key a template: `#<name>` stands for a parameter, `#<order.shop.id>` for a path in it, `#<0>` for a position;
 *   or a function of the method's arguments
 * @throws LockKeyError, LockConfigError when the class is defined: a hole that names no parameter, a bad option, a
 *   method that cannot be locked
 */
export function DistributedLock(
  key: string | readonly string[],
  options?: DistributedLockOptions,
): LockDecorator<() => unknown>;
export function DistributedLock<K extends (...args: never[]) => string | readonly string[]>(
  key: K,
  options?: DistributedLockOptions,
): LockDecorator<K>;
export function DistributedLock(
  key: KeySource,
  options: DistributedLockOptions = {},
): LockDecorator<unknown> {
  return (target: object, name: string | symbol, descriptor?: PropertyDescriptor): void => {
    const place = placeOf(target, name);
    const where = `@DistributedLock on ${place}`;
    const method = methodOf(where, target, descriptor);
    const invoke = invokerOf(where, method, Reflect.getMetadata('design:returntype', target, name));
    const wrapper: Method = function (this: unknown, ...args) {
      return invoke({ plan, self: this, args });
    };
    const plan: LockPlan = {
      where,
      method,
      wrapper,
      ...readDecoratorOptions(where, options, keyLabel(key, place)),
      keysOf: compileKey(key, { where, parameters: () => parametersOf(target, name, method) }),
      lockPosition: currentLocks(target).get(name),
    };
    takeIdentity(wrapper, method);
    notePlan(plan, target, name);
    prependInterceptor(wrapper);
    injectRuntime(target);
    descriptor!.value = wrapper;
  };
}

function methodOf(where: string, target: object, descriptor: PropertyDescriptor | undefined): Method {
  const refuse = (why: string): never => {
    throw new LockConfigError(`${where}: ${why}.`, { option: 'DistributedLock' });
  };
  if (typeof target === 'function') {
    return refuse('a static method belongs to no instance that Nest makes; use the LockService');
  }
  if (descriptor && (descriptor.get || descriptor.set)) return refuse('an accessor cannot wait for a lock');
  const method: unknown = descriptor?.value;
  return typeof method === 'function'
    ? (method as Method)
    : refuse('only a method can be locked, not a property');
}

/** How the method is called, by what it returns. */
function invokerOf(where: string, method: Method, returns: unknown): (invocation: Invocation) => unknown {
  const kind = Object.prototype.toString.call(method);
  if (kind === '[object AsyncGeneratorFunction]') return invokeGenerator;
  if (kind === '[object GeneratorFunction]') {
    throw new LockConfigError(`${where}: a synchronous generator cannot wait for a lock; make it async.`, {
      option: 'DistributedLock',
    });
  }
  // Known only where the compiler writes types down; elsewhere the Observable comes in a promise, as Nest accepts too.
  return returns === Observable ? invokeObservable : invokePromise;
}

function parametersOf(target: object, name: string | symbol, method: Method): MethodParameters {
  const names = parameterNames(target, name, method);
  const types = Reflect.getMetadata('design:paramtypes', target, name) as readonly unknown[] | undefined;
  return {
    names,
    count: parameterCount(names, types?.length ?? 0),
    given: keyNames(target, name),
    requested: requestedNames(target, name),
  };
}

/** First of the method's interceptors in any order of the decorators: the lock has to outlast what they do, a commit say. */
function prependInterceptor(wrapper: Method): void {
  const others = (Reflect.getMetadata(INTERCEPTORS, wrapper) ?? []) as unknown[];
  const rest = others.filter((each) => each !== DistributedLockInterceptor);
  Reflect.defineMetadata(INTERCEPTORS, [DistributedLockInterceptor, ...rest], wrapper);
}
