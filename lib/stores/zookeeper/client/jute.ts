/**
 * Jute, the encoding of ZooKeeper's protocol: big-endian numbers; buffers, strings and lists behind their length, -1 for
 * none. Everything that is sent is a frame: the length of what follows, and that.
 *
 * @see https://github.com/apache/zookeeper/blob/master/zookeeper-jute/src/main/resources/zookeeper.jute
 */

/** Longer than anything a server sends to us: what says so is no frame of ZooKeeper. */
const LONGEST_FRAME = 64 * 1024 * 1024;

/** Something on the wire that ZooKeeper does not send. */
export class NotJute extends Error {}

export class JuteWriter {
  private readonly parts: Buffer[] = [];

  int(value: number): this {
    const part = Buffer.allocUnsafe(4);
    part.writeInt32BE(value);
    return this.raw(part);
  }

  long(value: bigint): this {
    const part = Buffer.allocUnsafe(8);
    part.writeBigInt64BE(value);
    return this.raw(part);
  }

  bool(value: boolean): this {
    return this.raw(Buffer.from([value ? 1 : 0]));
  }

  /** Undefined is another value than an empty one. */
  buffer(value: Buffer | undefined): this {
    return value === undefined ? this.int(-1) : this.int(value.length).raw(value);
  }

  text(value: string): this {
    return this.buffer(Buffer.from(value, 'utf8'));
  }

  list<T>(values: readonly T[], write: (writer: this, value: T) => void): this {
    this.int(values.length);
    for (const value of values) write(this, value);
    return this;
  }

  /** What was written, behind its length. */
  frame(): Buffer {
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(this.parts.reduce((sum, part) => sum + part.length, 0));
    return Buffer.concat([length, ...this.parts]);
  }

  private raw(part: Buffer): this {
    this.parts.push(part);
    return this;
  }
}

/** Reads what a frame holds. @throws NotJute where it ends too early */
export class JuteReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  /** How much is left. */
  get left(): number {
    return this.bytes.length - this.at;
  }

  int(): number {
    return this.take(4).readInt32BE();
  }

  long(): bigint {
    return this.take(8).readBigInt64BE();
  }

  bool(): boolean {
    return this.take(1)[0] !== 0;
  }

  buffer(): Buffer | undefined {
    const length = this.int();
    // A copy: a view would keep the whole chunk that came over the wire.
    return length < 0 ? undefined : Buffer.from(this.take(length));
  }

  text(): string {
    const length = this.int();
    return length < 0 ? '' : this.take(length).toString('utf8');
  }

  list<T>(read: (reader: this) => T): T[] {
    const values: T[] = [];
    for (let left = this.int(); left > 0; left--) values.push(read(this));
    return values;
  }

  private take(length: number): Buffer {
    if (length > this.left) throw new NotJute('a frame ends before its content does');
    const start = this.at;
    this.at += length;
    return this.bytes.subarray(start, this.at);
  }
}

/** Cuts what arrives, in whatever pieces, into frames. */
export class FrameSplitter {
  private rest: Buffer = Buffer.alloc(0);

  /** The frames that are complete now, without their lengths. @throws NotJute */
  push(chunk: Buffer): Buffer[] {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const frames: Buffer[] = [];
    for (;;) {
      const length = this.rest.length < 4 ? undefined : this.rest.readInt32BE();
      if (length === undefined) return frames;
      if (length < 0 || length > LONGEST_FRAME)
        throw new NotJute(`a frame says that it is ${length} bytes long`);
      if (this.rest.length < 4 + length) return frames;
      frames.push(this.rest.subarray(4, 4 + length));
      this.rest = this.rest.subarray(4 + length);
    }
  }
}
