import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { until } from '../../support/until.js';

/** A server that answers each chunk with `<` and the chunk. */
let server: Server;
let proxy: TcpProxy;
let seen: string;
const sockets: Socket[] = [];

beforeEach(async () => {
  seen = '';
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      seen += String(chunk);
      socket.write(`<${String(chunk)}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await TcpProxy.start((server.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.stop();
  server.close();
  await once(server, 'close');
});

class Caller {
  heard = '';
  isGone = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => (this.heard += String(chunk)));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isGone = true));
    sockets.push(socket);
  }

  static async call(): Promise<Caller> {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true });
    const caller = new Caller(socket);
    await once(socket, 'connect');
    return caller;
  }

  hears(text: string): Promise<unknown> {
    return until(`it hears ${text}`, () => this.heard === text);
  }
}

describe('a proxy', () => {
  it('loses one answer, once the server has done what was asked, and ends that connection only', async () => {
    const [one, other] = [await Caller.call(), await Caller.call()];
    const lost = proxy.loseAnswer('take');
    other.socket.write('look;');
    await other.hears('<look;');
    one.socket.write('take;');
    await lost;
    expect(seen).toBe('look;take;');
    await until('it is gone', () => one.isGone);
    expect(one.heard).toBe('');
    other.socket.write('take;');
    await other.hears('<look;<take;');
  });

  it('keeps an answer, and lets it go on', async () => {
    const one = await Caller.call();
    const { reached, release } = proxy.holdAnswer('take');
    one.socket.write('take;');
    await reached;
    expect({ seen, heard: one.heard }).toEqual({ seen: 'take;', heard: '' });
    release();
    await one.hears('<take;');
  });

  it('keeps a request, which others pass, and tells when it was answered', async () => {
    const [one, other] = [await Caller.call(), await Caller.call()];
    const { reached, release, answered } = proxy.holdRequest('take');
    one.socket.write('take;');
    await reached;
    other.socket.write('take;');
    await other.hears('<take;');
    expect(seen).toBe('take;');
    release();
    await answered;
    expect(seen).toBe('take;take;');
    await one.hears('<take;');
  });

  it('knows a text that comes in two pieces', async () => {
    const one = await Caller.call();
    const lost = proxy.loseAnswer('take');
    one.socket.write('ta');
    await one.hears('<ta');
    one.socket.write('ke;');
    await lost;
    expect({ seen, heard: one.heard }).toEqual({ seen: 'take;', heard: '<ta' });
  });

  it('leads to the server, whatever else its address says', () => {
    const through = proxy.through('mysql://user:secret@127.0.0.1:3306/locks?table=mine');
    expect(through).toBe(`mysql://user:secret@127.0.0.1:${proxy.port}/locks?table=mine`);
  });
});
