import { type AddressInfo, createServer, type Server, Socket } from 'node:net';

export type ZooKeeperDirection = 'toServer' | 'toClient';

/** What is to happen to the answer of one request. */
interface Trap {
  readonly operation: number;
  readonly onReached: () => void;
  /** Undefined where the answer is lost and the connection ends. */
  readonly released: Promise<void> | undefined;
}

/** Numbers of requests, as the protocol has them. */
export const OPERATIONS = {
  remove: 2,
  children: 12,
  sync: 9,
  multi: 14,
  create: 15,
  closeSession: -11,
} as const;

/**
 * A wire between clients and a ZooKeeper server, on a loopback port, that can be treated as badly as wires are.
 *
 *   connected ──cut()──► gone                                  clients may connect again, unless refuse()
 *   connected ──hold(direction)──► held ──flow()──► connected  nothing is lost
 *   connected ──swallow(direction)──► a black hole             nobody is told: bytes go in and none comes out
 */
export class ZooKeeperProxy {
  /** Of every write that came from a client, the operations in it; a greeting is 0. */
  readonly writes: number[][] = [];
  /** How many connections were made. */
  accepted = 0;
  /** Of the sessions that were opened through it, as their clients learned them. */
  readonly passwords: Buffer[] = [];
  private readonly wires = new Set<Wire>();
  private readonly traps: Trap[] = [];
  private readonly swallowed = new Set<ZooKeeperDirection>();
  private readonly held = new Set<ZooKeeperDirection>();
  private isRefusing = false;

  private constructor(
    private readonly server: Server,
    /** Where new connections go. */
    public targetPort: number,
    private readonly isOpaque: boolean,
  ) {}

  /** `isOpaque`: what it carries is no ZooKeeper, or cannot be read; it has neither operations nor answers. */
  static async start(targetPort: number, isOpaque = false): Promise<ZooKeeperProxy> {
    const server = createServer({ noDelay: true });
    const proxy = new ZooKeeperProxy(server, targetPort, isOpaque);
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

  /** How many connections there are now. */
  get connections(): number {
    return this.wires.size;
  }

  /** Resets every connection. */
  cut(): void {
    for (const wire of this.wires) wire.end();
  }

  /** New connections are reset, until {@link flow}. */
  refuse(): void {
    this.isRefusing = true;
  }

  /** Keeps what goes in that direction, until {@link flow}. */
  hold(...directions: ZooKeeperDirection[]): void {
    for (const direction of directions) this.held.add(direction);
  }

  /** Loses what goes in that direction, of new connections too, and tells nobody; what suffered it stays broken. */
  swallow(...directions: ZooKeeperDirection[]): void {
    for (const direction of directions) this.swallowed.add(direction);
  }

  /** As a good wire again. */
  flow(): void {
    this.isRefusing = false;
    this.swallowed.clear();
    this.held.clear();
    for (const wire of this.wires) wire.flush();
  }

  /** The next request of that operation is done by the server, its answer is lost, and the connection ends. */
  async loseReply(operation: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.traps.push({ operation, onReached: resolve, released: undefined });
    });
  }

  /** The next request of that operation is done by the server; its answer, and what comes behind it, waits here. */
  holdReply(operation: number): { readonly reached: Promise<void>; readonly release: () => void } {
    let release!: () => void;
    let onReached!: () => void;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      onReached = resolve;
    });
    this.traps.push({ operation, onReached, released });
    return { reached, release };
  }

  async stop(): Promise<void> {
    this.flow();
    this.cut();
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
    this.accepted++;
    const wire = new Wire(client, this.targetPort, {
      isOpaque: this.isOpaque,
      isSwallowed: (direction) => this.swallowed.has(direction),
      isHeld: (direction) => this.held.has(direction),
      onWrite: (operations) => this.writes.push(operations),
      onPassword: (password) => this.passwords.push(password),
      trapFor: (operation) => this.trapFor(operation),
    });
    this.wires.add(wire);
    client.once('close', () => this.wires.delete(wire));
  }

  private trapFor(operation: number): Trap | undefined {
    const index = this.traps.findIndex((trap) => trap.operation === operation);
    return index < 0 ? undefined : this.traps.splice(index, 1)[0];
  }
}

interface Rules {
  readonly isOpaque: boolean;
  isSwallowed(direction: ZooKeeperDirection): boolean;
  isHeld(direction: ZooKeeperDirection): boolean;
  onWrite(operations: number[]): void;
  onPassword(password: Buffer): void;
  trapFor(operation: number): Trap | undefined;
}

/** Cuts a stream into its length-prefixed frames, lengths included. */
class Frames {
  private rest = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const frames = [];
    while (this.rest.length >= 4 && this.rest.length >= 4 + this.rest.readInt32BE()) {
      const end = 4 + this.rest.readInt32BE();
      frames.push(this.rest.subarray(0, end));
      this.rest = this.rest.subarray(end);
    }
    return frames;
  }
}

/** One connection through the proxy. */
class Wire {
  private readonly upstream: Socket;
  private readonly frames = { toServer: new Frames(), toClient: new Frames() };
  private readonly queues: Record<ZooKeeperDirection, Buffer[]> = { toServer: [], toClient: [] };
  private readonly broken = new Set<ZooKeeperDirection>();
  /** By the number of its request. */
  private readonly traps = new Map<number, Trap>();
  private isGreeted = false;
  private isAnswered = false;
  private isTrapped = false;

  constructor(
    private readonly client: Socket,
    port: number,
    private readonly rules: Rules,
  ) {
    this.upstream = new Socket().connect({ port, host: '127.0.0.1', noDelay: true });
    client.on('data', (chunk) => {
      if (rules.isOpaque) this.enqueue('toServer', [chunk]);
      else this.fromClient(this.frames.toServer.push(chunk));
    });
    this.upstream.on('data', (chunk) => {
      if (rules.isOpaque) this.enqueue('toClient', [chunk]);
      else this.fromServer(this.frames.toClient.push(chunk));
    });
    for (const [one, other] of [
      [client, this.upstream],
      [this.upstream, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
      one.unref();
    }
  }

  end(): void {
    this.client.resetAndDestroy();
    this.upstream.destroy();
  }

  flush(): void {
    this.pass('toServer', (frame) => this.upstream.write(frame));
    this.pass('toClient', (frame) => this.client.write(frame));
  }

  private fromServer(frames: Buffer[]): void {
    // The first says: version, time, session, password.
    if (!this.isAnswered && frames[0]) this.rules.onPassword(Buffer.from(frames[0].subarray(24, 40)));
    this.isAnswered ||= frames.length > 0;
    this.enqueue('toClient', frames);
  }

  private fromClient(frames: Buffer[]): void {
    const operations = [];
    for (const frame of frames) {
      const operation = this.isGreeted ? frame.readInt32BE(8) : 0;
      operations.push(operation);
      const trap = this.isGreeted ? this.rules.trapFor(operation) : undefined;
      if (trap) this.traps.set(frame.readInt32BE(4), trap);
      this.isGreeted = true;
    }
    this.rules.onWrite(operations);
    this.enqueue('toServer', frames);
  }

  private enqueue(direction: ZooKeeperDirection, frames: Buffer[]): void {
    this.queues[direction].push(...frames);
    this.flush();
  }

  private pass(direction: ZooKeeperDirection, write: (frame: Buffer) => void): void {
    const queue = this.queues[direction];
    while (queue.length > 0) {
      if (this.rules.isSwallowed(direction)) this.broken.add(direction);
      // What was lost once leaves a gap: nothing behind it can be delivered as if it were not there.
      if (this.broken.has(direction)) {
        queue.length = 0;
        return;
      }
      if (this.rules.isHeld(direction)) return;
      if (direction === 'toClient' && !this.rules.isOpaque && this.meetsTrap(queue[0]!)) return;
      write(queue.shift()!);
    }
  }

  /** True where the answer does not go on now. */
  private meetsTrap(frame: Buffer): boolean {
    if (this.isTrapped) return true;
    const number = frame.readInt32BE(4);
    const trap = this.traps.get(number);
    if (!trap) return false;
    this.traps.delete(number);
    this.isTrapped = true;
    trap.onReached();
    if (!trap.released) {
      this.end();
      return true;
    }
    const goOn = (): void => {
      this.isTrapped = false;
      this.flush();
    };
    trap.released.then(goOn, goOn);
    return true;
  }
}
