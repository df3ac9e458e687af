import { LockStoreError, LockUnsupportedError } from '../../errors.js';
import type {
  AcquireReply,
  AcquireRequest,
  KeyView,
  LeaseRequest,
  ReleaseRequest,
  SessionContext,
  StoreSession,
} from '../../line/store.js';
import { systemRandom } from '../../util/random.js';
import { acquireInTurn } from './acquire-in-turn.js';
import { ClusterRoute } from './cluster-route.js';
import { stateKeyOf } from './key-names.js';
import { isAnswer, isOutOfMemory, SessionClosed, storeErrorOf } from './redis-errors.js';
import type { RedisSettings } from './redis-options.js';
import { acquireReplyOf, isHeldReply, keyViewOf } from './replies.js';
import type { Call, Ears, Route } from './route.js';
import type { ScriptShape } from './script.js';
import * as scripts from './scripts.generated.js';
import { SingleRoute } from './single-route.js';
import { groupsOf, runsOf } from './slot-groups.js';

/** A connection that owes an answer for so long is taken for dead: a third of the lease, but not for a mere hiccup. */
const LEAST_SILENT_MS = 1_000;

/** A renewal of more leases goes in several commands, so that none occupies the server for long. */
const LEASES_PER_COMMAND = 100;

/** What a script is told of the server's memory. */
type Flag = '0' | '1';

type Manner = 'line' | 'none' | 'spin';

/** @throws LockStoreError where the server does not answer, LockUnsupportedError where it lacks what the store needs */
export async function openSession(settings: RedisSettings, context: SessionContext): Promise<StoreSession> {
  const { connection, spinMs, waitReplicas } = settings;
  const silentMs = Math.max(LEAST_SILENT_MS, context.watchdogMs / 3);
  const init = { context, silentMs, waitReplicas, isHeard: spinMs === undefined };
  const route =
    connection.kind === 'single' ? new SingleRoute(connection, init) : new ClusterRoute(connection, init);
  try {
    await route.open();
  } catch (cause) {
    await route.close();
    if (cause instanceof LockUnsupportedError) throw cause;
    throw storeErrorOf({ operation: 'connect', keys: [], place: connection.place, cause });
  }
  return new RedisSession(settings, route);
}

class RedisSession implements StoreSession {
  private isClosed = false;
  private readonly slotOf: (key: string) => number;

  constructor(
    private readonly settings: RedisSettings,
    private readonly route: Route,
  ) {
    this.slotOf = (key) => route.slotOf(stateKeyOf(key));
  }

  acquire(request: AcquireRequest): Promise<AcquireReply> {
    if (request.keys.length === 1) return this.acquireTogether(request);
    const groups = runsOf(request.keys, this.slotOf);
    if (groups.length === 1) return this.acquireTogether(request);
    return acquireInTurn(request, groups, {
      acquire: (part) => this.acquireTogether(part),
      release: (part) => this.release(part),
    });
  }

  async renew(leases: readonly LeaseRequest[]): Promise<readonly number[]> {
    const slotOf = ({ key }: LeaseRequest): number => this.slotOf(key);
    const groups = groupsOf(leases, { slotOf, most: LEASES_PER_COMMAND });
    const [only] = groups;
    if (groups.length === 1) return this.renewTogether(only!);
    const answers = await Promise.allSettled(groups.map((group) => this.renewTogether(group)));
    const rests = new Map<LeaseRequest, number>();
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'rejected') continue;
      for (const [place, lease] of groups[index]!.entries()) rests.set(lease, answer.value[place] ?? 0);
    }
    const failed = answers.find((answer) => answer.status === 'rejected');
    return failed ? knownRests(leases, rests, failed.reason) : leases.map((lease) => rests.get(lease)!);
  }

  async release(request: ReleaseRequest): Promise<void> {
    const { keys, owner } = request;
    this.route.ears?.note(owner, []);
    if (keys.length === 1) {
      await this.releaseTogether(request);
      return;
    }
    const groups = groupsOf(keys, { slotOf: this.slotOf, most: Infinity });
    const answers = await Promise.allSettled(
      groups.map((group) => this.releaseTogether({ ...request, keys: group })),
    );
    // The others are released all the same.
    const failed = answers.find((answer) => answer.status === 'rejected');
    if (failed) throw failed.reason;
  }

  inspect(key: string): Promise<KeyView> {
    return this.run({ script: scripts.inspect, keys: [key], args: [] }, keyViewOf);
  }

  async forceRelease(key: string): Promise<boolean> {
    const { toleranceMs } = this.settings;
    const args = (isFull: Flag) => [toleranceMs, isFull] as const;
    const wasHeld = await this.runThoughFull({ script: scripts.forceRelease, keys: [key] }, args);
    return wasHeld === 1;
  }

  /** Undefined where a user may not ask. */
  async life(): Promise<string | undefined> {
    try {
      return await this.route.life?.();
    } catch (cause) {
      if (isAnswer(cause)) return undefined;
      throw storeErrorOf({ operation: 'connect', keys: [], place: this.settings.connection.place, cause });
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.route.close();
  }

  /** Of keys that one command may be about. */
  private acquireTogether(request: AcquireRequest): Promise<AcquireReply> {
    if (!request.takesPlace) return this.attempt(request, 'none');
    if (this.settings.spinMs !== undefined) return this.attempt(request, 'spin');
    const { ears } = this.route;
    return ears ? this.acquireHeard(request, ears) : this.attempt(request, 'line');
  }

  /** Where each key has a channel of its own: nobody stands in a line without hearing of it. */
  private async acquireHeard(request: AcquireRequest, ears: Ears): Promise<AcquireReply> {
    const keys = request.keys.map(stateKeyOf);
    let isInLine = ears.hear(keys);
    // Who finds it free needs no ears.
    let reply = await this.attempt(request, isInLine ? 'line' : 'none');
    // A second time where the slot had moved: a call may have come before it is heard where it lies now.
    for (let turn = 0; turn < 2 && reply.kind === 'busy'; turn++) {
      ears.note(request.owner, keys);
      if (isInLine && ears.hear(keys)) return reply;
      if (!ears.hear(keys)) await this.listen(request, keys);
      reply = await this.attempt(request, 'line');
      isInLine = true;
    }
    if (reply.kind !== 'busy') ears.note(request.owner, []);
    return reply;
  }

  private attempt(request: AcquireRequest, manner: Manner): Promise<AcquireReply> {
    const { keys, owner, capacity, weight, leaseMs, replaces = '', leastTokens = [] } = request;
    const { toleranceMs, spinMs } = this.settings;
    const args = [
      owner,
      this.route.session,
      capacity,
      weight,
      toUs(leaseMs),
      manner,
      replaces,
      toleranceMs,
      ...leastTokens,
    ] as const;
    return this.run({ script: scripts.acquire, keys, args, isGrant: isHeldReply }, (answer) => {
      const reply = acquireReplyOf(answer, leaseMs);
      if (reply.kind !== 'busy' || spinMs === undefined) return reply;
      return { ...reply, lookInMs: spinMs * (0.5 + systemRandom()) };
    });
  }

  private async listen({ keys }: AcquireRequest, stateKeys: readonly string[]): Promise<void> {
    const { place } = this.settings.connection;
    try {
      await this.route.ears!.listen(stateKeys);
    } catch (cause) {
      throw storeErrorOf({ operation: 'acquire', keys, place, cause });
    }
  }

  private async renewTogether(leases: readonly LeaseRequest[]): Promise<readonly number[]> {
    const { toleranceMs } = this.settings;
    const asked = leases.flatMap(({ owner, leaseMs }) => [owner, toUs(leaseMs)]);
    const keys = leases.map(({ key }) => key);
    const args = (isFull: Flag) => [toleranceMs, isFull, ...asked] as const;
    const restsUs = await this.runThoughFull({ script: scripts.renew, keys, isGrant: hasRest }, args);
    return restsUs.map((restUs) => restUs / 1000);
  }

  private releaseTogether({ keys, owner, refuses, keepMs }: ReleaseRequest): Promise<unknown> {
    const { toleranceMs } = this.settings;
    const args = (isFull: Flag) => [owner, refuses ? '1' : '0', toUs(keepMs), toleranceMs, isFull] as const;
    return this.runThoughFull({ script: scripts.release, keys }, args);
  }

  /** What gives back or keeps is done on a full server too: such a server must not turn a release into a lapsed lease. */
  private runThoughFull<Shape extends ScriptShape>(
    { script, keys, isGrant }: Omit<Call<Shape>, 'args'>,
    argsOf: (isFull: Flag) => Shape['args'],
  ): Promise<Shape['returns']> {
    return this.send({ script, keys, isGrant, args: argsOf('0') }).catch((cause: unknown) => {
      if (isOutOfMemory(cause)) return this.run({ script, keys, isGrant, args: argsOf('1') }, asItIs);
      throw this.failureOf({ script, keys }, cause);
    });
  }

  /** @throws LockStoreError */
  private run<Shape extends ScriptShape, T>(
    call: Call<Shape>,
    read: (answer: Shape['returns']) => T,
  ): Promise<T> {
    return this.send(call).then(read, (cause: unknown) => {
      throw this.failureOf(call, cause);
    });
  }

  private send<Shape extends ScriptShape>({
    script,
    keys,
    args,
    isGrant,
  }: Call<Shape>): Promise<Shape['returns']> {
    if (this.isClosed) return Promise.reject(new SessionClosed());
    return this.route.run({ script, keys: keys.map(stateKeyOf), args, isGrant });
  }

  private failureOf<Shape extends ScriptShape>(
    { script, keys }: Omit<Call<Shape>, 'args'>,
    cause: unknown,
  ): LockStoreError {
    const { place } = this.settings.connection;
    return storeErrorOf({
      operation: script.name,
      keys,
      place,
      cause: this.isClosed ? new SessionClosed() : cause,
    });
  }
}

/** An owner's leases are known all or none. @throws what failed, where none of any owner is known */
function knownRests(
  leases: readonly LeaseRequest[],
  rests: ReadonlyMap<LeaseRequest, number>,
  failure: unknown,
): number[] {
  const unknown = new Set(leases.filter((lease) => !rests.has(lease)).map(({ owner }) => owner));
  const known = leases.map((lease) => (unknown.has(lease.owner) ? NaN : rests.get(lease)!));
  if (known.every(Number.isNaN)) throw failure;
  return known;
}

function hasRest(restsUs: readonly number[]): boolean {
  return restsUs.some((restUs) => restUs > 0);
}

function asItIs<T>(answer: T): T {
  return answer;
}

function toUs(ms: number): number {
  return Math.floor(ms * 1000);
}
