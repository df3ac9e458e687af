import { answerError } from './answers.js';
import type { Asked } from './connection.js';
import {
  type Access,
  childrenRequest,
  createRequest,
  dataRequest,
  existsRequest,
  multiRequest,
  removeRequest,
  removeWatchesRequest,
  type Request,
  setRequest,
  syncRequest,
  type WatchTableName,
} from './requests.js';
import { Session } from './session.js';
import type {
  CreateMode,
  MultiResult,
  MultiStep,
  SessionEvent,
  Stat,
  Watcher,
  ZooKeeperClient,
  ZooKeeperOptions,
} from './zookeeper-client.js';
import { ZooKeeperError } from './zookeeper-error.js';

const NOTHING = Buffer.alloc(0);

/** A client over sockets of its own; nothing happens until `connect`. */
export function zooKeeperClient(options: ZooKeeperOptions): ZooKeeperClient {
  return new ProtocolClient(options);
}

/** What is asked about a node, and who watches it. */
interface Question<T> {
  readonly verb: 'ask for' | 'list' | 'read';
  readonly path: string;
  readonly watcher: Watcher | undefined;
  readonly table: WatchTableName;
  readonly request: (path: string, isWatched: boolean) => Request<T>;
}

/** Paths with and without the chroot, requests and their answers; the {@link Session} does the rest. */
class ProtocolClient implements ZooKeeperClient {
  private readonly session: Session;
  private readonly access: Access;
  private readonly chroot: string;

  constructor(private readonly options: ZooKeeperOptions) {
    this.chroot = options.chroot.replace(/\/+$/, '');
    this.access = options.auth ? 'creator' : 'everybody';
    this.session = new Session({
      ...options,
      onEvent: (event) => this.tell(event),
      onWatchEvent: (type, path) => this.fire(type, path),
    });
  }

  get sessionId(): bigint {
    return this.session.id;
  }

  get negotiatedMs(): number {
    return this.session.negotiatedMs;
  }

  get isConnected(): boolean {
    return this.session.isConnected;
  }

  get aliveUntilMs(): number {
    return this.session.aliveUntilMs;
  }

  connect(): Promise<void> {
    return this.session.connect();
  }

  async create(
    path: string,
    data: Buffer,
    mode: CreateMode,
  ): Promise<{ readonly path: string; readonly stat: Stat }> {
    const request = createRequest({ path: this.full(path), data, mode }, this.access);
    const made = await this.session.ask({ request, verb: 'create', path });
    return { ...made, path: this.short(made.path) };
  }

  remove(path: string, version?: number): Promise<void> {
    return this.session.ask({ request: removeRequest(this.full(path), version), verb: 'remove', path });
  }

  async exists(path: string, watcher?: Watcher): Promise<Stat | undefined> {
    try {
      return await this.ask({ verb: 'ask for', path, watcher, table: 'data', request: existsRequest });
    } catch (error) {
      if (error instanceof ZooKeeperError && error.code === 'NO_NODE') return undefined;
      throw error;
    }
  }

  children(
    path: string,
    watcher?: Watcher,
  ): Promise<{ readonly names: readonly string[]; readonly stat: Stat }> {
    return this.ask({ verb: 'list', path, watcher, table: 'children', request: childrenRequest });
  }

  data(path: string, watcher?: Watcher): Promise<{ readonly data: Buffer; readonly stat: Stat }> {
    return this.ask({ verb: 'read', path, watcher, table: 'data', request: dataRequest });
  }

  set(path: string, data: Buffer, version?: number): Promise<Stat> {
    return this.session.ask({ request: setRequest(this.full(path), data, version), verb: 'set', path });
  }

  async unwatch(path: string, watcher: Watcher): Promise<void> {
    const full = this.full(path);
    const tables = this.session.watches.remove(full, watcher);
    // Without a connection the server has forgotten already; and it may never have watched.
    const forget = (table: WatchTableName): Promise<void> =>
      this.session
        .ask({ request: removeWatchesRequest(full, table), verb: 'unwatch', path })
        .catch(() => undefined);
    await Promise.all(tables.map(forget));
  }

  sync(path: string): Promise<void> {
    return this.session.ask({ request: syncRequest(this.full(path)), verb: 'sync', path });
  }

  async multi(steps: readonly MultiStep[]): Promise<readonly MultiResult[]> {
    const full = steps.map((step) => ({ ...step, path: this.full(step.path) }));
    const asked = { request: multiRequest(full, this.access), verb: 'do all steps', path: steps[0]?.path };
    const answer = await this.session.ask(asked);
    if ('serverCode' in answer) {
      const { kind, path } = steps[answer.index]!;
      throw answerError(answer.serverCode, { verb: kind, path });
    }
    return answer.map((one) => (one.path === undefined ? one : { ...one, path: this.short(one.path) }));
  }

  ping(): Promise<void> {
    return this.session.beat();
  }

  close(): Promise<void> {
    return this.session.close();
  }

  private ask<T>({ verb, path, watcher, table, request }: Question<T>): Promise<T> {
    const full = this.full(path);
    const asked: Asked<T> = { request: request(full, watcher !== undefined), verb, path };
    if (!watcher) return this.session.ask(asked);
    const { watches } = this.session;
    const expected = { table, path: full, watcher };
    watches.expect(expected);
    const onSettled = (serverCode: number | undefined): void =>
      watches.settle(expected, serverCode, verb === 'ask for');
    return this.session.ask({ ...asked, onSettled });
  }

  private fire(type: number, full: string): void {
    const fired = this.session.watches.fire(type, full);
    const path = this.short(full);
    for (const watcher of fired?.watchers ?? []) watcher({ kind: fired!.kind, path });
  }

  private tell(event: SessionEvent): void {
    if (event.kind === 'connected' && event.isNewSession) this.makeChroot();
    this.options.onEvent(event);
  }

  /** Sent before anything else is; where it fails, whatever needs the nodes says so. */
  private makeChroot(): void {
    const names = this.chroot.split('/').slice(1);
    for (let depth = 1; depth <= names.length; depth++) {
      const path = `/${names.slice(0, depth).join('/')}`;
      const request = createRequest({ path, data: NOTHING, mode: 'persistent' }, this.access);
      this.session.ask({ request, verb: 'create', path }).catch(() => undefined);
    }
  }

  private full(path: string): string {
    if (this.chroot === '') return path;
    return path === '/' ? this.chroot : this.chroot + path;
  }

  private short(full: string): string {
    return full === this.chroot ? '/' : full.slice(this.chroot.length);
  }
}
