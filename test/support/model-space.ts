import { emptyState, type KeyState } from '../../lib/line/key-state.js';
import type {
  AcquireReply,
  AcquireRequest,
  Grant,
  KeyView,
  LeaseRequest,
  ReleaseRequest,
} from '../../lib/line/store.js';
import { MODE_CAPACITY } from '../../lib/line/store.js';
import * as line from '../../lib/line/transition.js';

/**
 * The model, key by key: as `KeySpace`, but each key's state is changed by commands on that key only, and its last token
 * is its own. So it is in Redis, and so replies and messages can be compared one by one.
 */
export class ModelSpace {
  private readonly states = new Map<string, KeyState>();
  readonly calls: line.Call[] = [];
  nowUs = 0;

  acquire(request: AcquireRequest, session: string): AcquireReply {
    const on = request.keys.map((key) => this.on(key));
    const asked = { ...request, session };
    return request.takesPlace || on.length === 1 ? takeInOrder(on, asked) : takeAllOrNone(on, asked);
  }

  renew(leases: readonly LeaseRequest[]): number[] {
    return leases.map(({ key, owner, leaseMs }) => line.renew(this.on(key), owner, leaseMs));
  }

  release(request: ReleaseRequest): void {
    for (const key of request.keys) line.release(this.on(key), request);
  }

  inspect(key: string): KeyView {
    const view = line.inspect(this.on(key));
    const isUsed = view.holders.length > 0 || view.waiters > 0;
    return { ...view, capacity: isUsed ? view.capacity : MODE_CAPACITY };
  }

  forceRelease(key: string): boolean {
    return line.forceRelease(this.on(key));
  }

  private on(key: string): line.Transition {
    const state = this.states.get(key) ?? emptyState();
    this.states.set(key, state);
    return { state, nowUs: this.nowUs, calls: this.calls };
  }
}

type Asked = AcquireRequest & { readonly session: string };

function takeInOrder(on: readonly line.Transition[], request: Asked): AcquireReply {
  const grants: Grant[] = [];
  for (const [index, one] of on.entries()) {
    const reply = line.acquire(one, { ...request, leastToken: request.leastTokens?.[index] });
    if (reply.kind === 'held') grants.push(reply.grant);
    else if (reply.kind === 'refused') return reply;
    else return { ...reply, grants };
  }
  return { kind: 'held', grants };
}

function takeAllOrNone(on: readonly line.Transition[], request: Asked): AcquireReply {
  const obstacle = on.find((one) => !line.wouldHold(one, request));
  if (!obstacle) return takeInOrder(on, request);
  const reply = line.acquire(obstacle, request);
  return reply.kind === 'held' || reply.kind === 'refused' ? { kind: 'refused' } : { ...reply, grants: [] };
}
