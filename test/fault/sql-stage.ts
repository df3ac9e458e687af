import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import type { LockStore } from '../../lib/line/store.js';
import { storeFromUrl } from '../../lib/url/index.js';
import { openSession, type OpenSession } from '../support/open-session.js';
import { type SqlBackEnd, type SqlServer, STORE_USER } from './sql-back-end.js';

/** A database of the test's own, on the server of the suite. */
export interface Place {
  readonly database: string;
  /** Of a store in it. */
  readonly url: string;
}

/** One database server, and clients of it that live for one test. */
export class SqlStage<Server extends SqlServer = SqlServer> {
  private running: Server | undefined;
  private readonly runtimes: LockRuntime[] = [];
  private readonly sessions: OpenSession[] = [];
  private places = 0;

  private constructor(readonly backEnd: SqlBackEnd<Server>) {}

  /** Of the `describe` that it is called in. */
  static of<Server extends SqlServer>(backEnd: SqlBackEnd<Server>): SqlStage<Server> {
    const stage = new SqlStage(backEnd);
    beforeAll(() => stage.open());
    afterEach(() => stage.clear());
    afterAll(() => stage.close());
    return stage;
  }

  get server(): Server {
    return this.running!;
  }

  async place(): Promise<Place> {
    const database = `place${++this.places}`;
    await this.backEnd.makeDatabase(this.server, database);
    return { database, url: this.server.urlOf(STORE_USER, undefined, database) };
  }

  administer({ database }: Place, ...statements: string[]): Promise<void> {
    return this.backEnd.administer(this.server, database, statements);
  }

  async client(url: string): Promise<LockRuntime> {
    const times = { waitMs: 20_000, watchdogMs: 10_000, shutdownMs: 0 };
    const runtime = new LockRuntime({ store: await storeFromUrl(url), namespace: 'sql', ...times });
    this.runtimes.push(runtime);
    await runtime.start();
    return runtime;
  }

  async session(store: LockStore | string, watchdogMs?: number): Promise<OpenSession> {
    const opened = typeof store === 'string' ? await storeFromUrl(store) : store;
    const session = await openSession(opened, watchdogMs);
    this.sessions.push(session);
    return session;
  }

  /** Closes every client; also called after each test. */
  async clear(): Promise<void> {
    await Promise.all(this.runtimes.splice(0).map((runtime) => runtime.shutdown()));
    await Promise.all(this.sessions.splice(0).map((session) => session.close()));
  }

  private async open(): Promise<void> {
    this.running = await this.backEnd.start();
  }

  private async close(): Promise<void> {
    await this.running?.stop();
  }
}
