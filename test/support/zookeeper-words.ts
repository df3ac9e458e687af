import { connect } from 'node:net';

/** The server's answer to a word of four letters (`ruok`, `mntr`, `cons`, `wchp`); undefined where nobody answers. */
export function zookeeperWord(port: number, word: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on('connect', () => socket.write(word));
    socket.on('data', (part) => {
      text += String(part);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text === '' ? undefined : text));
  });
}

/** What a server says of itself. */
export interface ZooKeeperCounts {
  readonly state: string;
  readonly nodes: number;
  readonly ephemerals: number;
  readonly watches: number;
  /** This question's own connection is one of them. */
  readonly connections: number;
  readonly packetsReceived: number;
}

/** Undefined where the server does not serve: it starts, or has no quorum. */
export async function zookeeperCounts(port: number): Promise<ZooKeeperCounts | undefined> {
  const text = (await zookeeperWord(port, 'mntr')) ?? '';
  const value = (name: string): string | undefined => new RegExp(`^zk_${name}\\t(.*)$`, 'm').exec(text)?.[1];
  const state = value('server_state');
  if (state === undefined) return undefined;
  return {
    state,
    nodes: Number(value('znode_count')),
    ephemerals: Number(value('ephemerals_count')),
    watches: Number(value('watch_count')),
    connections: Number(value('num_alive_connections')),
    packetsReceived: Number(value('packets_received')),
  };
}
