import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { storeFromUrl } from '../../lib/url/index.js';
import { ClientProcess } from '../support/client-process.js';
import { ClientProgram } from '../support/client-program.js';
import { Controls } from '../support/control.js';
import { openSession, type OpenSession } from '../support/open-session.js';
import { until } from '../support/until.js';
import type { BackEnd, TestServer } from './back-end.js';

/** One server, and around it client processes that live for one test. */
export class ProcessStage<Server extends TestServer = TestServer> {
  private program: ClientProgram | undefined;
  private running: Server | undefined;
  private eyes: OpenSession | undefined;
  private readonly started: ClientProcess[] = [];
  private readonly controls = new Controls();
  private keys = 0;

  private constructor(private readonly backEnd: BackEnd<Server>) {}

  /** Of the `describe` that it is called in. */
  static of<Server extends TestServer>(backEnd: BackEnd<Server>): ProcessStage<Server> {
    const stage = new ProcessStage(backEnd);
    beforeAll(() => stage.open());
    afterEach(() => stage.clear());
    afterAll(() => stage.close());
    return stage;
  }

  get server(): Server {
    return this.running!;
  }

  newKey(): string {
    return `fault-${++this.keys}`;
  }

  async clients(count: number, settings: object = {}): Promise<ClientProcess[]> {
    const start = (): Promise<ClientProcess> => ClientProcess.start(this.program!, this.server.url, settings);
    const clients = await Promise.all(Array.from({ length: count }, start));
    this.started.push(...clients);
    return clients;
  }

  /** What is late where a command takes so much longer than so long, in milliseconds. */
  control(ms: number): Promise<'late'> {
    return this.controls.start(this.server.url, ms);
  }

  /** A server that is away has no answer, and is asked again. */
  async untilWaiting(key: string, waiters: number): Promise<void> {
    await until(`${waiters} wait`, async () => {
      const count = await this.waiters(key).catch(() => undefined);
      return count === waiters;
    });
  }

  async holders(key: string): Promise<number> {
    return (await this.eyes!.inspect(`fault:${key}`)).holders.length;
  }

  private async waiters(key: string): Promise<number> {
    const { waiters } = this.backEnd;
    return waiters ? waiters(this.server, key) : (await this.eyes!.inspect(`fault:${key}`)).waiters;
  }

  private async open(): Promise<void> {
    this.program = ClientProgram.build();
    this.running = await this.backEnd.start();
    this.eyes = await openSession(await storeFromUrl(this.server.url));
  }

  private async clear(): Promise<void> {
    await this.controls.end();
    await Promise.all(this.started.splice(0).map((client) => client.kill()));
  }

  private async close(): Promise<void> {
    await this.eyes?.close();
    await this.running?.stop();
    this.program?.remove();
  }
}
