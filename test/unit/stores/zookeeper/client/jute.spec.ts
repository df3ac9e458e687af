import { describe, expect, it } from '@jest/globals';
import {
  FrameSplitter,
  JuteReader,
  JuteWriter,
  NotJute,
} from '../../../../../lib/stores/zookeeper/client/jute.js';

const contentOf = (writer: JuteWriter) => writer.frame().subarray(4);

describe('jute', () => {
  it('writes numbers big-endian, behind the length of all', () => {
    const frame = new JuteWriter().int(-2).long(0x0102030405060708n).bool(true).frame();
    expect(frame.toString('hex')).toBe('0000000d' + 'fffffffe' + '0102030405060708' + '01');
  });

  it('writes buffers and strings behind their length, and -1 for none', () => {
    const frame = new JuteWriter().text('é').buffer(Buffer.alloc(0)).buffer(undefined).frame();
    expect(frame.toString('hex')).toBe('0000000e' + '00000002c3a9' + '00000000' + 'ffffffff');
  });

  it('writes lists behind their length', () => {
    const frame = new JuteWriter().list([1, 2], (writer, value) => writer.int(value)).frame();
    expect(frame.toString('hex')).toBe('0000000c' + '00000002' + '00000001' + '00000002');
  });

  it('reads what it writes', () => {
    const longs = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)];
    const ints = [0, -1, 2 ** 31 - 1, -(2 ** 31)];
    const texts = ['', 'a', 'ключ 🔑'];
    const writer = new JuteWriter();
    for (const value of longs) writer.long(value);
    for (const value of ints) writer.int(value);
    writer.list(texts, (one, text) => one.text(text));
    writer
      .bool(true)
      .bool(false)
      .buffer(Buffer.from([0, 255]))
      .buffer(Buffer.alloc(0))
      .buffer(undefined);
    const reader = new JuteReader(contentOf(writer));
    expect(longs.map(() => reader.long())).toEqual(longs);
    expect(ints.map(() => reader.int())).toEqual(ints);
    expect(reader.list((one) => one.text())).toEqual(texts);
    expect([reader.bool(), reader.bool()]).toEqual([true, false]);
    expect([reader.buffer(), reader.buffer(), reader.buffer()]).toEqual([
      Buffer.from([0, 255]),
      Buffer.alloc(0),
      undefined,
    ]);
    expect(reader.left).toBe(0);
  });

  it('reads no string and no list as empty ones', () => {
    const reader = new JuteReader(contentOf(new JuteWriter().int(-1).int(-1)));
    expect([reader.text(), reader.list((one) => one.int())]).toEqual(['', []]);
  });

  it('keeps no hold of the chunk that a buffer came in', () => {
    const content = contentOf(new JuteWriter().buffer(Buffer.from('abc')));
    const read = new JuteReader(content).buffer()!;
    content.fill(0);
    expect(read.toString()).toBe('abc');
  });

  it('refuses what ends too early', () => {
    const whole = contentOf(new JuteWriter().int(1).text('abc').long(2n));
    const read = (bytes: Buffer): unknown[] => {
      const reader = new JuteReader(bytes);
      return [reader.int(), reader.text(), reader.long()];
    };
    expect(read(whole)).toEqual([1, 'abc', 2n]);
    for (let length = 0; length < whole.length; length++) {
      expect(() => read(whole.subarray(0, length))).toThrow(NotJute);
    }
  });
});

describe('frames', () => {
  const contents = ['first', '', 'the third', 'é'].map((text) => Buffer.from(text));
  const stream = Buffer.concat(
    contents.map((content) =>
      content
        .reduce((writer, byte) => writer.bool(byte !== 0), new JuteWriter())
        .frame()
        .fill(content, 4),
    ),
  );

  it('are the same wherever what arrives is cut', () => {
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const splitter = new FrameSplitter();
        const pieces = [stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)];
        expect(pieces.flatMap((piece) => splitter.push(piece))).toEqual(contents);
      }
    }
  });

  it('are the same byte by byte', () => {
    const splitter = new FrameSplitter();
    expect([...stream].flatMap((byte) => splitter.push(Buffer.from([byte])))).toEqual(contents);
  });

  it('come as soon as they are whole', () => {
    const splitter = new FrameSplitter();
    expect(splitter.push(stream.subarray(0, 9))).toEqual([contents[0]]);
    expect(splitter.push(stream.subarray(9, 13))).toEqual([contents[1]]);
  });

  it.each([-1, 0x48545450, 2 ** 31 - 1])('of length %i are not of ZooKeeper', (length) => {
    const start = Buffer.alloc(4);
    start.writeInt32BE(length);
    expect(() => new FrameSplitter().push(start)).toThrow(NotJute);
  });
});
