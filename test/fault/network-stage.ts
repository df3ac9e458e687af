import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { LockRuntime, type LockRuntimeConfig } from '../../lib/core/lock-runtime.js';
import { storeFromUrl } from '../../lib/url/index.js';
import { Controls } from '../support/control.js';
import { openSession, type OpenSession } from '../support/open-session.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import type { BackEnd, TestServer } from './back-end.js';

/** Of a runtime, in milliseconds. */
export type Settings = Partial<Omit<LockRuntimeConfig, 'store'>>;

/** One server; for each test a wire to it that can be treated badly, and clients on both sides of that wire. */
export class NetworkStage<Server extends TestServer = TestServer> {
  private running: Server | undefined;
  private wire: TcpProxy | undefined;
  private readonly runtimes: LockRuntime[] = [];
  private readonly sessions: OpenSession[] = [];
  private readonly controls = new Controls();
  private keys = 0;

  private constructor(private readonly backEnd: BackEnd<Server>) {}

  /** Of the `describe` that it is called in. */
  static of<Server extends TestServer>(backEnd: BackEnd<Server>): NetworkStage<Server> {
    const stage = new NetworkStage(backEnd);
    beforeAll(() => stage.open());
    afterEach(() => stage.clear());
    afterAll(() => stage.close());
    return stage;
  }

  get server(): Server {
    return this.running!;
  }

  /** The bad wire of this test, once somebody uses it. */
  get proxy(): TcpProxy {
    return this.wire!;
  }

  newKey(): string {
    return `net-${++this.keys}`;
  }

  /** One client behind the bad wire, another beside it on a good one. */
  async badAndGood(settings: Settings = {}): Promise<[LockRuntime, LockRuntime]> {
    const throughProxy = await this.badUrl();
    return Promise.all([this.client(throughProxy, settings), this.client(this.server.url, settings)]);
  }

  /** A session behind the bad wire. */
  async badSession(watchdogMs?: number): Promise<OpenSession> {
    const session = await openSession(await storeFromUrl(await this.badUrl()), watchdogMs);
    this.sessions.push(session);
    return session;
  }

  /** What is late where a command takes so much longer than so long, in milliseconds. */
  control(ms: number): Promise<'late'> {
    return this.controls.start(this.server.url, ms);
  }

  async untilWaiting(client: LockRuntime, key: string, waiters: number): Promise<void> {
    await until(`${waiters} wait`, async () => (await client.inspect(key)).waiters === waiters);
  }

  cutEars(): Promise<unknown> {
    return this.backEnd.cutEars!(this.server);
  }

  private async badUrl(): Promise<string> {
    this.wire = await TcpProxy.start(this.server.port);
    return this.wire.through(this.server.url);
  }

  private async client(url: string, settings: Settings): Promise<LockRuntime> {
    const times = { waitMs: 20_000, watchdogMs: 3_000, shutdownMs: 0 };
    const store = await storeFromUrl(url);
    const runtime = new LockRuntime({ store, namespace: 'net', ...times, ...settings });
    this.runtimes.push(runtime);
    await runtime.start();
    return runtime;
  }

  private async open(): Promise<void> {
    this.running = await this.backEnd.start();
  }

  private async clear(): Promise<void> {
    await this.controls.end();
    this.wire?.flow();
    await Promise.all(this.runtimes.splice(0).map((runtime) => runtime.shutdown()));
    await Promise.all(this.sessions.splice(0).map((session) => session.close()));
    await this.wire?.stop();
    this.wire = undefined;
  }

  private async close(): Promise<void> {
    await this.running?.stop();
  }
}
