import { randomBytes } from 'node:crypto';
import type { AcquireRequest, Hint, LockStore, StoreSession } from '../../lib/line/store.js';
import { MODE_CAPACITY } from '../../lib/line/store.js';
import { type Clock, systemClock } from '../../lib/util/clock.js';
import { until } from './until.js';

/** A session of a store, with ears. */
export interface OpenSession extends StoreSession {
  readonly hints: Hint[];
  /** Resolves when a hint of that kind, for that owner where it has one, has come. */
  heard(kind: Hint['kind'], owner?: string): Promise<void>;
}

export async function openSession(
  store: LockStore,
  watchdogMs = 10_000,
  clock: Clock = systemClock,
): Promise<OpenSession> {
  const hints: Hint[] = [];
  const session = await store.connect({ clock, watchdogMs, onHint: (hint) => hints.push(hint) });
  const isMeant = (hint: Hint, kind: Hint['kind'], owner?: string): boolean =>
    hint.kind === kind && (owner === undefined || ('owner' in hint && hint.owner === owner));
  const heard: OpenSession['heard'] = async (kind, owner) => {
    await until(`the hint "${kind}" came`, () => hints.some((hint) => isMeant(hint, kind, owner)));
  };
  return Object.assign(session, { hints, heard });
}

export function newOwner(): string {
  return randomBytes(16).toString('hex');
}

/** A request for a mutex, with a fresh owner; `parts` change it. */
export function requestFor(key: string, parts: Partial<AcquireRequest> = {}): AcquireRequest {
  return {
    keys: [key],
    owner: newOwner(),
    capacity: MODE_CAPACITY,
    weight: MODE_CAPACITY,
    leaseMs: 10_000,
    takesPlace: true,
    ...parts,
  };
}
