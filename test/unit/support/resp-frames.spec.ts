import { expect, it } from '@jest/globals';
import { commandOf, RespFrames } from '../../support/resp-frames.js';

const VALUES = [
  '+OK\r\n',
  ':12\r\n',
  '$-1\r\n',
  '$5\r\na\r\nbc\r\n',
  '*0\r\n',
  '*3\r\n:1\r\n*1\r\n$0\r\n\r\n$1\r\nx\r\n',
  '%1\r\n+key\r\n*1\r\n_\r\n',
  '>2\r\n+message\r\n+x\r\n',
  '-ERR no\r\n',
];

it('cuts a stream into its values, wherever the chunks end', () => {
  const stream = Buffer.from(VALUES.join(''));
  for (let size = 1; size <= stream.length; size++) {
    const frames = new RespFrames();
    const found: string[] = [];
    for (let at = 0; at < stream.length; at += size) {
      found.push(...frames.push(stream.subarray(at, at + size)).map(String));
    }
    expect(found).toEqual(VALUES);
  }
});

it('reads the name of a command', () => {
  expect(commandOf(Buffer.from('*2\r\n$7\r\nEVALSHA\r\n$1\r\nx\r\n'))).toBe('evalsha');
});
