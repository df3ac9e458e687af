import 'reflect-metadata';
import type { KeyMaker } from '../key/key-template.js';
import type { DecoratorSettings } from './decorator-options.js';

export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** What a method's decorator says, compiled once when the class is defined. */
export interface LockPlan extends DecoratorSettings {
  /** How errors begin: `@DistributedLock on VoteService.vote`. */
  readonly where: string;
  /** The method itself. */
  readonly method: Method;
  /** What stands in its place. */
  readonly wrapper: Method;
  readonly keysOf: KeyMaker;
  /** The position that takes the hold (`@CurrentLock`). */
  readonly lockPosition: number | undefined;
}

const PLAN = Symbol.for('nestjs-distributed-lock:plan');
const PLANS = Symbol.for('nestjs-distributed-lock:plans');

/** Notes the plan on the method, for its interceptor, and on the class, for the checks at boot. */
export function notePlan(plan: LockPlan, prototype: object, name: string | symbol): void {
  Reflect.defineMetadata(PLAN, plan, plan.wrapper);
  const others = ownPlans(prototype);
  Reflect.defineMetadata(PLANS, new Map([...others, [name, plan]]), prototype);
}

/** The plan of a method, also of one that a later decorator has wrapped with its metadata. */
export function planOf(method: object): LockPlan | undefined {
  return Reflect.getMetadata(PLAN, method) as LockPlan | undefined;
}

/** The decorated methods that a class itself declares. */
export function ownPlans(prototype: object): ReadonlyMap<string | symbol, LockPlan> {
  const plans: unknown = Reflect.getOwnMetadata(PLANS, prototype);
  return (plans as ReadonlyMap<string | symbol, LockPlan> | undefined) ?? new Map();
}
