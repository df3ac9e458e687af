import { randomBytes } from 'node:crypto';
import { LockStoreError } from '../../errors.js';
import { KeySpace } from '../../line/key-space.js';
import type { Hint, LockStore, SessionContext, StoreSession } from '../../line/store.js';
import type { Call } from '../../line/transition.js';
import { type Clock, systemClock } from '../../util/clock.js';

/** What {@link memoryStore} takes. */
export interface MemoryStoreOptions {
  /** Stands for the server's clock. Default: the process's own. */
  readonly clock?: Clock;
}

const CAPABILITIES = {
  shared: true,
  permits: true,
  leases: true,
  fairOrder: true,
  wakeUp: 'message',
} as const;

/**
 * Locks within one process: the embedded default, and the reference that the other stores are held against. Applications
 * that are given the same store share its locks; other processes do not see them.
 */
export function memoryStore(options: MemoryStoreOptions = {}): LockStore {
  const clock = options.clock ?? systemClock;
  const listeners = new Map<string, (hint: Hint) => void>();
  // As over a network, a message arrives after the command that caused it has been answered.
  const send = ({ kind, session, owner }: Call): void =>
    queueMicrotask(() => listeners.get(session)?.({ kind, owner }));
  const space = new KeySpace({ nowUs: () => clock.epochUs(), send });
  return {
    name: 'memory',
    capabilities: CAPABILITIES,
    raisesTokens: true,
    tokensTellTime: true,
    connect: ({ onHint }: SessionContext) => {
      const id = randomBytes(8).toString('hex');
      listeners.set(id, onHint);
      return Promise.resolve(new MemorySession(space, id, () => listeners.delete(id)));
    },
  };
}

class MemorySession implements StoreSession {
  private isClosed = false;

  constructor(
    private readonly space: KeySpace,
    private readonly id: string,
    private readonly forget: () => void,
  ) {}

  acquire: StoreSession['acquire'] = (request) =>
    this.answer('acquire', () => this.space.acquire(request, this.id));
  renew: StoreSession['renew'] = (leases) => this.answer('renew', () => this.space.renew(leases));
  release: StoreSession['release'] = (request) => this.answer('release', () => this.space.release(request));
  inspect: StoreSession['inspect'] = (key) => this.answer('inspect', () => this.space.inspect(key));
  list: NonNullable<StoreSession['list']> = (request) => this.answer('list', () => this.space.list(request));
  forceRelease: StoreSession['forceRelease'] = (key) =>
    this.answer('forceRelease', () => this.space.forceRelease(key));

  close(): Promise<void> {
    this.isClosed = true;
    this.forget();
    return Promise.resolve();
  }

  private answer<T>(operation: string, command: () => T): Promise<T> {
    if (!this.isClosed) return Promise.resolve(command());
    const text = `The memory store was asked to ${operation} after its session was closed.`;
    return Promise.reject(new LockStoreError(text, { store: 'memory', operation }));
  }
}
