import { Socket } from 'node:net';
import type { Deferred } from '../../lib/util/deferred.js';

export type Direction = 'toServer' | 'toClient';

/** What is to happen to one request, known by a text in it, and to its answer. */
export interface Trap {
  readonly text: string;
  /** Where it is caught: before the server sees it, on the way back until it is released, or on the way back for ever. */
  readonly what: 'holdRequest' | 'holdAnswer' | 'loseAnswer';
  readonly reached: Deferred<void>;
  readonly released: Deferred<void>;
  readonly answered: Deferred<void>;
}

/** What happens to what comes along, as the proxy is told at the moment. */
export interface Rules {
  /** Resolves when a chunk may go on; false where it is lost. */
  pass(direction: Direction): Promise<boolean>;
  /** The trap for a request, which is caught once. */
  trapFor(bytes: Buffer): Trap | undefined;
}

/** No text of a trap is longer. */
const MOST_TEXT_BYTES = 64;

/** One connection through a proxy. */
export class Wire {
  private readonly upstream: Socket;
  private readonly broken = new Set<Direction>();
  private readonly queues = { toServer: Promise.resolve(), toClient: Promise.resolve() };
  /** The end of what went to the server: a request may come in pieces. */
  private tail: Buffer = Buffer.alloc(0);
  /** The trap of the request that was sent last, until it is answered. */
  private trap: Trap | undefined;

  constructor(
    private readonly client: Socket,
    port: number,
    private readonly rules: Rules,
  ) {
    this.upstream = new Socket().connect({ port, host: '127.0.0.1', noDelay: true });
    client.on('data', (chunk) => this.relay('toServer', chunk));
    this.upstream.on('data', (chunk) => this.relay('toClient', chunk));
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
    this.client.end();
    this.upstream.end();
    this.client.destroySoon();
  }

  reset(): void {
    // A socket that is being ended cannot be reset: Node would never close it.
    if (this.client.writableEnded) this.client.destroy();
    else this.client.resetAndDestroy();
    this.upstream.destroy();
  }

  /** One after the other: a chunk never overtakes an earlier one. */
  private relay(direction: Direction, chunk: Buffer): void {
    this.queues[direction] = this.queues[direction].then(() => this.relayOne(direction, chunk));
  }

  private async relayOne(direction: Direction, chunk: Buffer): Promise<void> {
    // What was lost once leaves a gap: nothing behind it can be delivered as if it were not there.
    if (this.broken.has(direction)) return;
    if (!(await this.rules.pass(direction))) {
      this.broken.add(direction);
      return;
    }
    if (direction === 'toServer') await this.ask(chunk);
    else await this.answer(chunk);
  }

  private async ask(chunk: Buffer): Promise<void> {
    const seen = Buffer.concat([this.tail, chunk]);
    const trap = this.rules.trapFor(seen);
    this.tail = trap ? Buffer.alloc(0) : seen.subarray(-MOST_TEXT_BYTES);
    if (trap?.what === 'holdRequest') {
      trap.reached.resolve();
      await trap.released.promise;
    }
    this.trap = trap ?? this.trap;
    this.upstream.write(chunk);
  }

  private async answer(chunk: Buffer): Promise<void> {
    const { trap } = this;
    this.trap = undefined;
    trap?.answered.resolve();
    if (trap?.what === 'loseAnswer') {
      this.broken.add('toClient');
      this.end();
      return trap.reached.resolve();
    }
    if (trap?.what === 'holdAnswer') {
      trap.reached.resolve();
      await trap.released.promise;
    }
    this.client.write(chunk);
  }
}
