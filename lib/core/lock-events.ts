import { channel, type Channel } from 'node:diagnostics_channel';

/** What happens to locks, as it is published on `node:diagnostics_channel`: free where nobody listens. */
export interface LockEvents {
  /** A request was granted. */
  granted: LockEvent & { readonly waitedMs: number; readonly isLocalHandOff: boolean };
  /** A hold ended, by its own release or by loss. */
  ended: LockEvent & { readonly end: 'released' | 'lost' };
  /** A request was not granted. */
  refused: LockEvent & { readonly waitedMs: number; readonly error: unknown };
  /** A batch of renewals was answered, or failed. */
  renewed: { readonly store: string; readonly holds: number; readonly error?: unknown };
}

export interface LockEvent {
  readonly store: string;
  readonly keys: readonly string[];
  /** The key's template, where a decorator made it; never a raw key, so fit for a metric's label. */
  readonly template: string | undefined;
}

/** The channel of one kind of event: `nestjs-distributed-lock:granted`. */
export function lockChannel(kind: keyof LockEvents): Channel {
  return channel(`nestjs-distributed-lock:${kind}`);
}

export class LockEventPublisher {
  private readonly channels = {
    granted: lockChannel('granted'),
    ended: lockChannel('ended'),
    refused: lockChannel('refused'),
    renewed: lockChannel('renewed'),
  };

  /** `make` is called only where somebody listens. */
  publish<K extends keyof LockEvents>(kind: K, make: () => LockEvents[K]): void {
    const target = this.channels[kind];
    if (target.hasSubscribers) target.publish(make());
  }
}
