import { type AcquireRequest, MODE_CAPACITY, type ReleaseRequest } from '../../line/store.js';
import { randomId } from '../../util/random.js';

/** An exclusive request of a fresh owner for one key, that takes a place; `more` says what is different. */
export function requestFor(key: string, more: Partial<AcquireRequest> = {}): AcquireRequest {
  const exclusive = { capacity: MODE_CAPACITY, weight: MODE_CAPACITY };
  return { keys: [key], owner: randomId(), ...exclusive, leaseMs: 20_000, takesPlace: true, ...more };
}

/** Leaves what the request may have got. */
export function leaving({ keys, owner }: AcquireRequest, more: Partial<ReleaseRequest> = {}): ReleaseRequest {
  return { keys, owner, refuses: false, keepMs: 0, ...more };
}
