import 'reflect-metadata';
import { LockConfigError } from '../errors.js';

const KEY_NAMES = Symbol.for('nestjs-distributed-lock:key-names');
const CURRENT_LOCKS = Symbol.for('nestjs-distributed-lock:current-locks');

/**
 * Names a parameter for `#<name>` in the key, where the source cannot: in minified builds, for patterns, and where
 * another decorator hides the method.
 *
 * @example vote(@LockKey('userSeq') { userSeq }: Vote)
 */
export function LockKey(name: string): ParameterDecorator {
  return (target, method, index) => {
    if (method === undefined) throw misplaced('LockKey', target);
    if (typeof name !== 'string' || name === '') {
      throw new LockConfigError(`@LockKey on ${placeOf(target, method)}: the name is empty.`, {
        option: 'name',
      });
    }
    const names = new Map([...keyNames(target, method), [name, index]]);
    Reflect.defineMetadata(KEY_NAMES, names, target, method);
  };
}

/**
 * The hold, as a parameter of a locked handler or service method; callers of a service method leave it out, so it
 * stands last and is optional. It is filled in after the pipes, when the lock is held.
 *
 * @example vote(userSeq: number, @CurrentLock() lock?: LockHandle)
 */
export function CurrentLock(): ParameterDecorator {
  return (target, method, index) => {
    if (method === undefined) throw misplaced('CurrentLock', target);
    const positions = new Map([...currentLocks(target), [method, index]]);
    Reflect.defineMetadata(CURRENT_LOCKS, positions, target);
  };
}

/** The names that `@LockKey` gave the parameters of a method. */
export function keyNames(target: object, method: string | symbol): ReadonlyMap<string, number> {
  const names: unknown = Reflect.getOwnMetadata(KEY_NAMES, target, method);
  return (names as ReadonlyMap<string, number> | undefined) ?? new Map();
}

/** Where the methods that a class itself declares take the hold. */
export function currentLocks(target: object): ReadonlyMap<string | symbol, number> {
  const positions: unknown = Reflect.getOwnMetadata(CURRENT_LOCKS, target);
  return (positions as ReadonlyMap<string | symbol, number> | undefined) ?? new Map();
}

/** `VoteService.vote`, for messages. */
export function placeOf(target: object, method: string | symbol): string {
  const { name } = typeof target === 'function' ? target : target.constructor;
  return `${name}.${String(method)}`;
}

function misplaced(decorator: string, target: object): LockConfigError {
  const { name } = target as { name?: string };
  return new LockConfigError(
    `@${decorator} on the constructor of ${name}: it belongs on a method's parameter.`,
    {
      option: decorator,
    },
  );
}
