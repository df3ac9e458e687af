import { randomBytes } from 'node:crypto';
import { LockStoreError } from '../../errors.js';
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
import { stateKeyOf } from './key-names.js';
import { isAnswer, isOutOfMemory, SessionClosed, storeErrorOf } from './redis-errors.js';
import { RedisLink } from './redis-link.js';
import type { RedisSettings } from './redis-options.js';
import { RedisSubscriber } from './redis-subscriber.js';
import { acquireReplyOf, keyViewOf } from './replies.js';
import type { Script, ScriptShape } from './script.js';
import { runScript } from './script-runner.js';
import * as scripts from './scripts.generated.js';

/** A connection that owes an answer for so long is taken for dead: a third of the lease, but not for a mere hiccup. */
const LEAST_SILENT_MS = 1_000;

/** A renewal of more leases goes in several commands, so that none occupies the server for long. */
const LEASES_PER_COMMAND = 100;

/** What a script is told of the server's memory. */
type Flag = '0' | '1';

/** A session that is sent no messages. */
const NO_SESSION = '-';

/** What the sessions of a store differ in, and their connections. */
interface SessionParts {
  readonly settings: RedisSettings;
  readonly link: RedisLink;
  /** None where nothing is heard: `waiting: 'spin'`. */
  readonly subscriber: RedisSubscriber | undefined;
  readonly id: string;
}

/** @throws LockStoreError where the server does not answer */
export async function openSession(settings: RedisSettings, context: SessionContext): Promise<StoreSession> {
  const { clock, onHint } = context;
  const silentMs = Math.max(LEAST_SILENT_MS, context.watchdogMs / 3);
  const client = settings.makeClient();
  const link = new RedisLink({ clock, client, silentMs, onReturn: () => onHint({ kind: 'all' }) });
  const id = settings.spinMs === undefined ? randomBytes(12).toString('base64url') : NO_SESSION;
  const channel = `nestjs-distributed-lock:${id}`;
  const subscriber =
    id === NO_SESSION
      ? undefined
      : new RedisSubscriber({ clock, client: settings.makeClient(), silentMs, channel, onHint });
  try {
    await Promise.all([link.open(), subscriber?.open()]);
  } catch (cause) {
    await Promise.all([link.close(), subscriber?.close()]);
    throw storeErrorOf({ operation: 'connect', keys: [], place: settings.place, cause });
  }
  return new RedisSession({ settings, link, subscriber, id });
}

class RedisSession implements StoreSession {
  private isClosed = false;

  constructor(private readonly parts: SessionParts) {}

  async acquire(request: AcquireRequest): Promise<AcquireReply> {
    const { settings, id } = this.parts;
    const { owner, capacity, weight, leaseMs, takesPlace, replaces = '', leastTokens = [] } = request;
    const placing = settings.spinMs === undefined ? 'line' : 'spin';
    const manner = takesPlace ? placing : 'none';
    const { toleranceMs } = settings;
    const args = [owner, id, capacity, weight, toUs(leaseMs), manner, replaces, toleranceMs] as const;
    const reply = acquireReplyOf(
      await this.run(scripts.acquire, request.keys, [...args, ...leastTokens]),
      leaseMs,
    );
    if (reply.kind !== 'busy' || settings.spinMs === undefined) return reply;
    return { ...reply, lookInMs: settings.spinMs * (0.5 + systemRandom()) };
  }

  async renew(leases: readonly LeaseRequest[]): Promise<readonly number[]> {
    const batches: (readonly LeaseRequest[])[] = [];
    for (let from = 0; from < leases.length; from += LEASES_PER_COMMAND) {
      batches.push(leases.slice(from, from + LEASES_PER_COMMAND));
    }
    return (await Promise.all(batches.map((batch) => this.renewBatch(batch)))).flat();
  }

  async release({ keys, owner, refuses, keepMs }: ReleaseRequest): Promise<void> {
    const { toleranceMs } = this.parts.settings;
    const args = (isFull: Flag) => [owner, refuses ? '1' : '0', toUs(keepMs), toleranceMs, isFull] as const;
    await this.runThoughFull(scripts.release, keys, args);
  }

  async inspect(key: string): Promise<KeyView> {
    return keyViewOf(await this.run(scripts.inspect, [key], []));
  }

  async forceRelease(key: string): Promise<boolean> {
    const { toleranceMs } = this.parts.settings;
    const args = (isFull: Flag) => [toleranceMs, isFull] as const;
    return (await this.runThoughFull(scripts.forceRelease, [key], args)) === 1;
  }

  /** The run id of the server's process: what is only in memory lives as long as that. */
  async life(): Promise<string | undefined> {
    const { link, settings } = this.parts;
    try {
      const info = await link.send((client) => client.info('server'));
      return /^run_id:(\w+)/m.exec(info)?.[1];
    } catch (cause) {
      // A user that may not ask is no failure.
      if (isAnswer(cause)) return undefined;
      throw storeErrorOf({ operation: 'connect', keys: [], place: settings.place, cause });
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([this.parts.link.close(), this.parts.subscriber?.close()]);
  }

  private async renewBatch(leases: readonly LeaseRequest[]): Promise<readonly number[]> {
    const { toleranceMs } = this.parts.settings;
    const asked = leases.flatMap(({ owner, leaseMs }) => [owner, toUs(leaseMs)]);
    const keys = leases.map(({ key }) => key);
    const args = (isFull: Flag) => [toleranceMs, isFull, ...asked] as const;
    const restsUs = await this.runThoughFull(scripts.renew, keys, args);
    return restsUs.map((restUs) => restUs / 1000);
  }

  /** What gives back or keeps is done on a full server too: such a server must not turn a release into a lapsed lease. */
  private async runThoughFull<Shape extends ScriptShape>(
    script: Script<Shape>,
    keys: readonly string[],
    argsOf: (isFull: Flag) => Shape['args'],
  ): Promise<Shape['returns']> {
    try {
      return await this.run(script, keys, argsOf('0'));
    } catch (error) {
      if (!(error instanceof LockStoreError) || !isOutOfMemory(error.cause)) throw error;
    }
    return this.run(script, keys, argsOf('1'));
  }

  private async run<Shape extends ScriptShape>(
    script: Script<Shape>,
    keys: readonly string[],
    args: Shape['args'],
  ): Promise<Shape['returns']> {
    const { link, settings } = this.parts;
    const failure = { operation: script.name, keys, place: settings.place };
    if (this.isClosed) throw storeErrorOf({ ...failure, cause: new SessionClosed() });
    try {
      return await runScript(link, script, { keys: keys.map(stateKeyOf), args });
    } catch (cause) {
      throw storeErrorOf({ ...failure, cause: this.isClosed ? new SessionClosed() : cause });
    }
  }
}

function toUs(ms: number): number {
  return Math.floor(ms * 1000);
}
