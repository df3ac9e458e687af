import { channel, type Channel } from 'node:diagnostics_channel';

/**
 * What happens to locks, as it is published on `node:diagnostics_channel` under `nestjs-distributed-lock:<kind>`: free
 * where nobody listens. Of one request: `waiting`, then `granted` and later `ended`, or `refused`. A re-entry asks for
 * nothing, so it is no event.
 */
export interface LockEvents {
  /** A request begins. Published in its caller's async context. */
  waiting: LockEvent;
  /** A request was granted. */
  granted: LockEvent & {
    /** In milliseconds. */
    readonly waitedMs: number;
    /**
     * Where the hold came from, of a request that waited for another one: `'local'` from another user in this process,
     * without the store; `'remote'` by way of the store. Undefined where nobody held it.
     */
    readonly handOff: 'local' | 'remote' | undefined;
    /** In the order of the keys. */
    readonly fencingTokens: readonly number[];
  };
  /** A hold ended, by its own release or by loss. */
  ended: LockEvent & {
    /** Since the grant, in milliseconds. */
    readonly heldMs: number;
    readonly end: 'released' | 'lost';
    /** Why it was lost, where it was. */
    readonly loss: LossKind | undefined;
  };
  /** A request was not granted. */
  refused: LockEvent & {
    /** In milliseconds. */
    readonly waitedMs: number;
    readonly error: unknown;
  };
  /** A batch of renewals was answered, or failed. */
  renewed: { readonly store: string; readonly holds: number; readonly error?: unknown };
  /** A store does not serve: a command failed, and so did another one a little later. */
  storeDown: StoreEvent & { readonly error: unknown };
  /** A store that was down serves again. */
  storeUp: StoreEvent & {
    /** Since the first failure, in milliseconds. */
    readonly downMs: number;
  };
}

/** What all events of one request have in common. */
export interface LockEvent {
  /** Names the request: the same object in all of its events. */
  readonly id: object;
  readonly store: string;
  readonly keys: readonly string[];
  /** The key's template, where a decorator made it; never a raw key, so fit for a metric's label. */
  readonly template: string | undefined;
  /** How long it may wait, in milliseconds; 0 for a single attempt. */
  readonly waitMs: number;
}

/** What happens to a store as one application uses it. */
export interface StoreEvent {
  /** The same object in all of its events. */
  readonly id: object;
  readonly store: string;
}

/**
 * Why a hold was lost. `'not-renewed'`: the watchdog could not lengthen its lease in time. `'lease-ended'`: its
 * `leaseTime` was over before the work was. `'not-held'`: the store says that it is somebody else's, or nobody's.
 * `'shutdown'`: the application stops, and the holder's time was spent.
 */
export type LossKind = 'not-renewed' | 'lease-ended' | 'not-held' | 'shutdown';

/** The channel of one kind of event: `nestjs-distributed-lock:granted`. */
export function lockChannel(kind: keyof LockEvents): Channel {
  return channel(`nestjs-distributed-lock:${kind}`);
}

export class LockEventPublisher {
  private readonly channels = {
    waiting: lockChannel('waiting'),
    granted: lockChannel('granted'),
    ended: lockChannel('ended'),
    refused: lockChannel('refused'),
    renewed: lockChannel('renewed'),
    storeDown: lockChannel('storeDown'),
    storeUp: lockChannel('storeUp'),
  };

  /** True where somebody listens to this kind. */
  isHeard(kind: keyof LockEvents): boolean {
    return this.channels[kind].hasSubscribers;
  }

  /** `make` is called only where somebody listens. */
  publish<K extends keyof LockEvents>(kind: K, make: () => LockEvents[K]): void {
    const target = this.channels[kind];
    if (target.hasSubscribers) target.publish(make());
  }
}
