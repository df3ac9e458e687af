import { connect as connectTcp, isIP, Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { FrameSplitter, NotJute } from './jute.js';
import type { ZooKeeperAddress } from './zookeeper-client.js';

export interface WireOptions {
  readonly address: ZooKeeperAddress;
  readonly tls: ConnectionOptions | undefined;
  readonly onOpen: () => void;
  readonly onFrame: (frame: Buffer) => void;
  /** Once, however it ended; nothing is told after it. */
  readonly onGone: (reason: Error) => void;
}

/**
 * One socket to a server, in frames. What is sent in one tick goes out in one write.
 *
 *   new ──► opening ──► open ──► gone        gone from anywhere: the socket failed, the server ended it, or `end()`
 */
export class Wire {
  /** Resolves when the socket is no more. */
  readonly closed: Promise<void>;
  private readonly socket: Socket;
  private readonly splitter = new FrameSplitter();
  private outgoing: Buffer[] = [];
  private isGone = false;

  constructor(private readonly options: WireOptions) {
    this.socket = open(options);
    this.socket.setNoDelay(true);
    this.socket.on(options.tls ? 'secureConnect' : 'connect', () => {
      if (!this.isGone) options.onOpen();
    });
    this.socket.on('data', (chunk: Buffer) => this.receive(chunk));
    this.socket.on('error', (error) => this.end(error));
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.end(new Error('the server ended the connection'));
        resolve();
      });
    });
  }

  send(frame: Buffer): void {
    this.outgoing.push(frame);
    // Runs when the present callback and the promises that it resolved have had their say.
    if (this.outgoing.length === 1) process.nextTick(() => this.flush());
  }

  /** Reset, not ended: what lies unsent must not reach the server later, when nobody means it any more. */
  end(reason: Error): void {
    if (this.isGone) return;
    this.isGone = true;
    this.outgoing = [];
    // Over TLS there is no reset, and before it is open a reset would wait for that.
    if (this.options.tls || this.socket.connecting || this.socket.destroyed) this.socket.destroy();
    else this.socket.resetAndDestroy();
    this.options.onGone(reason);
  }

  private flush(): void {
    const frames = this.outgoing;
    this.outgoing = [];
    if (frames.length > 0) this.socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }

  private receive(chunk: Buffer): void {
    try {
      for (const frame of this.splitter.push(chunk)) {
        if (this.isGone) return;
        this.options.onFrame(frame);
      }
    } catch (error) {
      if (!(error instanceof NotJute)) throw error;
      this.end(error);
    }
  }
}

function open({ address, tls }: WireOptions): Socket {
  if (!tls) return connectTcp({ ...address });
  // A name is what a certificate is checked against, and what a server with several is asked for; an address is neither.
  const name = isIP(address.host) ? {} : { servername: address.host };
  return connectTls({ ...name, ...tls, ...address });
}
