import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Deferred, deferred } from '../../lib/util/deferred.js';
import { type Direction, type Rules, type Trap, Wire } from './tcp-wire.js';

/** A request, or its answer, that was caught on its way. */
export interface Caught {
  /** Resolves when it is here. Of an answer: the request is done at the server, and the client does not know. */
  readonly reached: Promise<void>;
  /** Resolves when the server has answered. */
  readonly answered: Promise<void>;
  /** Lets it, and what came behind it, go on. */
  release(): void;
}

/**
 * A wire between clients and a server, on a loopback port, that can be treated as badly as wires are. It knows no
 * protocol: a request is what contains a text, its answer what the server says next on the same connection. So one
 * request at a time may be under way on the connection of what is to be caught.
 *
 *   connected ──cut(), reset()──► gone                        clients may connect again, unless refuse()
 *   connected ──hold(direction)──► held ──flow()──► connected  nothing is lost
 *   connected ──swallow(direction)──► a black hole             nobody is told: bytes go in and none comes out
 */
export class TcpProxy {
  private readonly wires = new Set<Wire>();
  private readonly swallowed = new Set<Direction>();
  private readonly traps: Trap[] = [];
  private readonly held = new Map<Direction, Deferred<void>>();
  private delayMs = 0;
  private isRefusing = false;

  private constructor(
    private readonly server: Server,
    private readonly targetPort: number,
  ) {}

  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    const proxy = new TcpProxy(server, targetPort);
    server.on('connection', (client) => proxy.accept(client));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    server.unref();
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The address of the server, by way of this wire. */
  through(url: string): string {
    const address = new URL(url);
    address.port = String(this.port);
    return address.href;
  }

  /** Ends every connection, as a server that goes. */
  cut(): void {
    for (const wire of this.wires) wire.end();
  }

  /** Resets every connection. */
  reset(): void {
    for (const wire of this.wires) wire.reset();
  }

  /** New connections are reset, until {@link flow}. */
  refuse(): void {
    this.isRefusing = true;
  }

  /** Keeps what goes in that direction, until {@link flow}. */
  hold(direction: Direction): void {
    if (!this.held.has(direction)) this.held.set(direction, deferred<void>());
  }

  /** Loses what goes in that direction, and tells nobody; connections that suffered it stay broken. */
  swallow(...directions: Direction[]): void {
    for (const direction of directions) this.swallowed.add(direction);
  }

  /** Every chunk comes later by so much, in both directions. */
  delay(ms: number): void {
    this.delayMs = ms;
  }

  /** As a good wire again; what was held goes on, what was swallowed is lost. */
  flow(): void {
    this.isRefusing = false;
    this.delayMs = 0;
    this.swallowed.clear();
    for (const { resolve } of this.held.values()) resolve();
    this.held.clear();
    for (const { released } of this.traps.splice(0)) released.resolve();
  }

  /** The next request with that text is done by the server, its answer is lost, and the connection ends. */
  loseAnswer(text: string): Promise<void> {
    return this.catch(text, 'loseAnswer').reached;
  }

  /** The next request with that text is done by the server, its answer waits here. */
  holdAnswer(text: string): Caught {
    return this.catch(text, 'holdAnswer');
  }

  /** The next request with that text waits here, while those on other connections pass it. */
  holdRequest(text: string): Caught {
    return this.catch(text, 'holdRequest');
  }

  async stop(): Promise<void> {
    this.flow();
    this.reset();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
  }

  private catch(text: string, what: Trap['what']): Caught {
    const [reached, released, answered] = [deferred<void>(), deferred<void>(), deferred<void>()];
    this.traps.push({ text, what, reached, released, answered });
    return { reached: reached.promise, answered: answered.promise, release: released.resolve };
  }

  private accept(client: Socket): void {
    if (this.isRefusing) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const rules: Rules = {
      pass: (direction) => this.pass(direction),
      trapFor: (bytes) => this.trapFor(bytes),
    };
    const wire = new Wire(client, this.targetPort, rules);
    this.wires.add(wire);
    client.once('close', () => this.wires.delete(wire));
  }

  /** Resolves when a chunk may go on; false where it is lost. */
  private async pass(direction: Direction): Promise<boolean> {
    if (this.swallowed.has(direction)) return false;
    if (this.delayMs > 0) await sleep(this.delayMs);
    await this.held.get(direction)?.promise;
    return !this.swallowed.has(direction);
  }

  private trapFor(bytes: Buffer): Trap | undefined {
    const index = this.traps.findIndex(({ text }) => bytes.includes(text));
    return index < 0 ? undefined : this.traps.splice(index, 1)[0];
  }
}
