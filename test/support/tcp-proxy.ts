import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandOf, RespFrames } from './resp-frames.js';

export type Direction = 'toServer' | 'toClient';

/** What is to happen to the reply of one command. */
interface Trap {
  readonly name: string;
  readonly isHeld: boolean;
  readonly onReached: () => void;
  readonly released: Promise<void>;
}

/** A reply that was caught on its way. */
export interface HeldReply {
  /** Resolves when the server has answered: the command is done there, and the client does not know. */
  readonly reached: Promise<void>;
  /** Lets the reply, and what came behind it, go on. */
  release(): void;
}

/**
 * A wire between clients and a server, on a loopback port, that can be treated as badly as wires are.
 *
 *   connected ──cut(), reset()──► gone                        clients may connect again, unless refuse()
 *   connected ──hold(direction)──► held ──flow()──► connected  nothing is lost
 *   connected ──swallow(direction)──► a black hole             nobody is told: bytes go in and none comes out
 */
export class TcpProxy {
  private readonly wires = new Set<Wire>();
  private readonly swallowed = new Set<Direction>();
  private readonly traps: Trap[] = [];
  private held = new Map<Direction, { promise: Promise<void>; open: () => void }>();
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

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
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
    if (this.held.has(direction)) return;
    let open!: () => void;
    const promise = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.held.set(direction, { promise, open });
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
    for (const { open } of this.held.values()) open();
    this.held = new Map();
  }

  /** The next command of that name is done by the server, its answer is lost, and the connection ends. */
  async loseReply(name: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.traps.push({ name, isHeld: false, onReached: resolve, released: Promise.resolve() });
    });
  }

  /** The next command of that name is done by the server, its answer waits here. */
  holdReply(name: string): HeldReply {
    let release!: () => void;
    let onReached!: () => void;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      onReached = resolve;
    });
    this.traps.push({ name, isHeld: true, onReached, released });
    return { reached, release };
  }

  async stop(): Promise<void> {
    this.flow();
    this.reset();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
  }

  private accept(client: Socket): void {
    if (this.isRefusing) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const wire = new Wire(client, this.targetPort, {
      pass: (direction) => this.pass(direction),
      trapFor: (command) => this.trapFor(command),
    });
    this.wires.add(wire);
    wire.onGone(() => this.wires.delete(wire));
  }

  /** Resolves when a chunk may go on; false where it is lost. */
  private async pass(direction: Direction): Promise<boolean> {
    if (this.swallowed.has(direction)) return false;
    if (this.delayMs > 0) await sleep(this.delayMs);
    await this.held.get(direction)?.promise;
    return !this.swallowed.has(direction);
  }

  private trapFor(command: string): Trap | undefined {
    const index = this.traps.findIndex(({ name }) => name === command);
    return index < 0 ? undefined : this.traps.splice(index, 1)[0];
  }
}

interface Rules {
  pass(direction: Direction): Promise<boolean>;
  trapFor(command: string): Trap | undefined;
}

/** One connection through the proxy. */
class Wire {
  private readonly upstream: Socket;
  private readonly requests = new RespFrames();
  private readonly replies = new RespFrames();
  /** Of each command under way, in order: its trap, if one was set for it. */
  private readonly underWay: (Trap | undefined)[] = [];
  private readonly broken = new Set<Direction>();
  private readonly queues = { toServer: Promise.resolve(), toClient: Promise.resolve() };

  constructor(
    private readonly client: Socket,
    port: number,
    private readonly rules: Rules,
  ) {
    this.upstream = new Socket().connect({ port, host: '127.0.0.1', noDelay: true });
    client.on('data', (chunk) => this.relay('toServer', [chunk]));
    this.upstream.on('data', (chunk) => this.relay('toClient', this.replies.push(chunk)));
    for (const [one, other] of [
      [client, this.upstream],
      [this.upstream, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
      one.unref();
    }
  }

  onGone(callback: () => void): void {
    this.client.once('close', callback);
  }

  end(): void {
    this.client.end();
    this.upstream.end();
    this.client.destroySoon();
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.upstream.destroy();
  }

  /** One after the other: a chunk never overtakes an earlier one. */
  private relay(direction: Direction, chunks: readonly Buffer[]): void {
    for (const chunk of chunks) {
      this.queues[direction] = this.queues[direction].then(() => this.relayOne(direction, chunk));
    }
  }

  private async relayOne(direction: Direction, chunk: Buffer): Promise<void> {
    // What was lost once leaves a gap: nothing behind it can be delivered as if it were not there.
    if (this.broken.has(direction)) return;
    if (!(await this.rules.pass(direction))) {
      this.broken.add(direction);
      return;
    }
    if (direction === 'toServer') {
      for (const request of this.requests.push(chunk)) {
        this.underWay.push(this.rules.trapFor(commandOf(request)));
      }
      this.upstream.write(chunk);
      return;
    }
    if (await this.mayReachClient(chunk)) this.client.write(chunk);
  }

  private async mayReachClient(reply: Buffer): Promise<boolean> {
    // A push is nobody's answer.
    const trap = reply[0] === '>'.charCodeAt(0) ? undefined : this.underWay.shift();
    if (!trap) return true;
    trap.onReached();
    if (!trap.isHeld) this.end();
    await trap.released;
    return trap.isHeld;
  }
}
