import type { Hint, LockStore, StoreSession } from '../../line/store.js';

export type Verb = Exclude<keyof StoreSession, 'close' | 'vouchedMs'>;

/** What one client of a store sends, and which messages reach it. */
export class Tap {
  /** False: messages are lost on the way. */
  passesHints = true;
  private readonly counts = new Map<Verb, number>();

  /** How many commands of that verb were sent; all of them without one. */
  count(verb?: Verb): number {
    if (verb) return this.counts.get(verb) ?? 0;
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  note(verb: Verb): void {
    this.counts.set(verb, this.count(verb) + 1);
  }
}

/** The store, with a tap on what one client of it sends and is told. */
export function tapped(store: LockStore, tap: Tap): LockStore {
  return {
    name: store.name,
    capabilities: store.capabilities,
    connect: async (context) => {
      const onHint = (hint: Hint): void => {
        if (tap.passesHints) context.onHint(hint);
      };
      return tappedSession(await store.connect({ ...context, onHint }), tap);
    },
  };
}

function tappedSession(session: StoreSession, tap: Tap): StoreSession {
  const noted = <T>(verb: Verb, answer: () => Promise<T>): Promise<T> => {
    tap.note(verb);
    return answer();
  };
  return {
    get vouchedMs() {
      return session.vouchedMs;
    },
    acquire: (request) => noted('acquire', () => session.acquire(request)),
    renew: (leases) => noted('renew', () => session.renew(leases)),
    release: (request) => noted('release', () => session.release(request)),
    inspect: (key) => noted('inspect', () => session.inspect(key)),
    forceRelease: (key) => noted('forceRelease', () => session.forceRelease(key)),
    ...(session.list && { list: (request) => noted('list', () => session.list!(request)) }),
    close: () => session.close(),
  };
}
