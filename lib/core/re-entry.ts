import { AsyncLocalStorage } from 'node:async_hooks';
import type { LockLostError } from '../errors.js';
import type { LockHandle } from './lock-handle.js';

/**
 * A hold together with its async context: what `withLock` and decorated methods are made of.
 *
 *   open ──run(body)──► open        any number of times; inside, the same key is granted at once
 *   open ──close()────► closed      the hold ends when the last user inside has closed
 */
export interface LockScope {
  readonly handle: LockHandle;
  /** The loss of the hold, where there was one; a release by hand is none. */
  readonly loss: LockLostError | undefined;
  /** Runs `body` in the scope's async context and returns what it returns. */
  run<T>(body: () => T): T;
  /** Gives this use of the hold back; the last one releases. Resolves when the store has answered. A second call does nothing. */
  close(): Promise<void>;
}

/** What the async context of a call carries. */
export interface Frame {
  /** The innermost open scope; a value of `core`, opaque to others. */
  readonly scope?: ContextScope | undefined;
  /** What the Nest interceptor hands to the method it surrounds; opaque to `core`. */
  readonly ticket?: object | undefined;
}

/** A scope as it stands in the context: found again by what it was opened for. */
export interface ContextScope {
  readonly outer: ContextScope | undefined;
}

const FRAMES = Symbol.for('nestjs-distributed-lock:frames');

/**
 * The one async context of the package, shared with a second copy of it: on Node 20 and 22 every AsyncLocalStorage in
 * use slows every promise of the process. It holds no state of its own.
 */
export const frames: AsyncLocalStorage<Frame> = ((globalThis as Record<symbol, unknown>)[FRAMES] ??=
  new AsyncLocalStorage<Frame>()) as AsyncLocalStorage<Frame>;
