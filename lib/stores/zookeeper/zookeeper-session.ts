import type {
  AcquireReply,
  AcquireRequest,
  KeyPage,
  KeyView,
  LeaseRequest,
  ListRequest,
  ReleaseRequest,
  SessionContext,
  StoreSession,
} from '../../line/store.js';
import { systemRandom } from '../../util/random.js';
import { type SessionEvent, type ZooKeeperClient, zooKeeperClient } from './client/index.js';
import { forceRelease, inspect, list } from './key-view.js';
import { NodeWatches } from './node-watches.js';
import { OwnPlaces } from './own-places.js';
import { SessionClosed, storeErrorOf } from './zookeeper-errors.js';
import type { ZooKeeperSettings } from './zookeeper-options.js';

/** How long a command waits for a session where there is none. */
const CONNECT_MS = 5_000;
/** Of the watchdog's lease: what is surely left of a session is half of it and more, and the lease is to fit in. */
const SESSION_SHARE = 1.5;
/** Renewals that come within so much of each other share a heartbeat. */
const SHARED_MS = 5;

/** @throws LockStoreError where no server answers, or the credentials are refused */
export async function openSession(
  settings: ZooKeeperSettings,
  context: SessionContext,
): Promise<StoreSession> {
  const session = new ZooKeeperSession(settings, context);
  await session.open();
  return session;
}

/**
 * One session of ZooKeeper for all keys of an application. While it lives, what it holds stands in the tree; when it
 * has expired, everything it held is lost at once, and the next command opens another.
 */
class ZooKeeperSession implements StoreSession {
  private readonly client: ZooKeeperClient;
  private readonly watches: NodeWatches;
  private readonly places: OwnPlaces;
  private beat: { readonly sentMs: number; readonly answered: Promise<void> } | undefined;
  private isOpen = false;
  private isClosed = false;

  constructor(
    private readonly settings: ZooKeeperSettings,
    private readonly context: SessionContext,
  ) {
    const { clock, watchdogMs, onHint } = context;
    const { servers, chroot, auth, tls } = settings;
    this.client = zooKeeperClient({
      servers,
      chroot,
      auth,
      tls,
      clock,
      random: systemRandom,
      sessionMs: settings.sessionMs ?? Math.ceil(watchdogMs * SESSION_SHARE),
      connectMs: CONNECT_MS,
      onEvent: (event) => this.onEvent(event),
    });
    this.watches = new NodeWatches(this.client);
    this.places = new OwnPlaces({ client: this.client, clock, watches: this.watches, hint: onHint });
  }

  /** Heartbeats are a quarter of the session apart, and the one before the last is what the leader surely knows of. */
  get vouchedMs(): number {
    return this.client.negotiatedMs / 2;
  }

  async open(): Promise<void> {
    try {
      await this.run('connect', [], () => this.client.connect());
      this.isOpen = true;
    } catch (error) {
      await this.client.close();
      throw error;
    }
  }

  acquire(request: AcquireRequest): Promise<AcquireReply> {
    return this.run('acquire', request.keys, async () => {
      if (!this.client.isConnected) await this.client.connect();
      return this.places.acquire(request);
    });
  }

  renew(leases: readonly LeaseRequest[]): Promise<readonly number[]> {
    const keys = leases.map(({ key }) => key);
    return this.run('renew', keys, async () => {
      // What is known to be lost need not wait for a connection.
      if (!this.places.holdsAny(leases)) return leases.map(() => 0);
      if (!this.client.isConnected) await this.client.connect();
      await Promise.all([this.heartbeat(), ...this.places.watch(leases)]);
      return this.places.renew(leases);
    });
  }

  release(request: ReleaseRequest): Promise<void> {
    return this.run('release', request.keys, () => this.places.release(request));
  }

  inspect(key: string): Promise<KeyView> {
    return this.run('inspect', [key], async () => {
      if (!this.client.isConnected) await this.client.connect();
      return inspect(this.client, key);
    });
  }

  list(request: ListRequest): Promise<KeyPage> {
    return this.run('list', [], async () => {
      if (!this.client.isConnected) await this.client.connect();
      return list(this.client, request);
    });
  }

  forceRelease(key: string): Promise<boolean> {
    return this.run('forceRelease', [key], async () => {
      if (!this.client.isConnected) await this.client.connect();
      return forceRelease(this.client, key);
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.places.end();
    await this.client.close();
  }

  private heartbeat(): Promise<void> {
    const nowMs = this.context.clock.nowMs();
    if (!this.beat || nowMs - this.beat.sentMs > SHARED_MS) {
      this.beat = { sentMs: nowMs, answered: this.client.ping() };
    }
    return this.beat.answered;
  }

  private onEvent(event: SessionEvent): void {
    if (this.isClosed || event.kind === 'disconnected') return;
    if (event.kind === 'connected') this.places.finishLeaving();
    else {
      this.watches.clear();
      this.places.end();
    }
    if (this.isOpen) this.context.onHint({ kind: 'all' });
  }

  private async run<T>(operation: string, keys: readonly string[], command: () => Promise<T>): Promise<T> {
    const failure = { operation, keys, servers: this.settings.shown };
    if (this.isClosed) throw storeErrorOf({ ...failure, cause: new SessionClosed() });
    try {
      return await command();
    } catch (cause) {
      throw storeErrorOf({ ...failure, cause: this.isClosed ? new SessionClosed() : cause });
    }
  }
}
