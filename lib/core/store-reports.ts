import type { LockEventPublisher } from './lock-events.js';
import type { StoreClientOptions } from './store-client.js';

/** Told what an operator should read. */
export type Notify = (level: 'log' | 'warn' | 'error', text: string) => void;

/** Who is told what becomes of one store: listeners of its renewals, and of its outages; the operator of outages only. */
export function storeReports(
  store: string,
  events: LockEventPublisher,
  notify?: Notify,
): Required<Pick<StoreClientOptions, 'onRenewed' | 'onDown' | 'onUp'>> {
  const id = {};
  return {
    onRenewed: (holds, error) => events.publish('renewed', () => ({ store, holds, error })),
    onDown: (error) => {
      events.publish('storeDown', () => ({ id, store, error }));
      const why = error instanceof Error ? error.message : String(error);
      notify?.('error', `Lock store "${store}" cannot be used, and is asked again until it serves: ${why}`);
    },
    onUp: (downMs) => {
      events.publish('storeUp', () => ({ id, store, downMs }));
      notify?.('log', `Lock store "${store}" serves again after ${(downMs / 1000).toFixed(1)} s.`);
    },
  };
}
