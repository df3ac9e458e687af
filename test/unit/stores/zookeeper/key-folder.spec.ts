import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ZooKeeperClient, ZooKeeperError } from '../../../../lib/stores/zookeeper/client/index.js';
import { KeyFolder } from '../../../../lib/stores/zookeeper/key-folder.js';

const NOTHING = Buffer.alloc(0);
const STAT = {
  czxid: 7n,
  mzxid: 7n,
  pzxid: 7n,
  version: 0,
  cversion: 0,
  ephemeralOwner: 1n,
  numChildren: 0,
};

const missing = (path: string): ZooKeeperError =>
  new ZooKeeperError('no such node', { code: 'NO_NODE', path });

/** A tree in which somebody removes the folder between its making and its first child, so often. */
function racingClient(removals: number): ZooKeeperClient & { readonly asked: string[] } {
  const asked: string[] = [];
  let left = removals;
  let isThere = false;
  const create = async (
    path: string,
    _: Buffer,
    mode: string,
  ): Promise<{ path: string; stat: typeof STAT }> => {
    asked.push(`create ${mode}`);
    if (mode === 'container') {
      if (isThere) throw new ZooKeeperError('it is there', { code: 'NODE_EXISTS', path });
      isThere = left-- <= 0;
      return { path, stat: STAT };
    }
    if (!isThere) throw missing(path);
    return { path: `${path}0000000000`, stat: STAT };
  };
  const children = async (path: string): Promise<{ names: string[]; stat: typeof STAT }> => {
    asked.push('children');
    if (!isThere) throw missing(path);
    return { names: ['n-0000000000'], stat: STAT };
  };
  return { asked, create, children } as unknown as ZooKeeperClient & { readonly asked: string[] };
}

describe('a key’s folder', () => {
  let asked: string[];
  const enter = (removals: number): ReturnType<KeyFolder['enter']> => {
    const client = racingClient(removals);
    ({ asked } = client);
    return new KeyFolder(client, 'a/b').enter('n-', NOTHING);
  };
  beforeEach(() => {
    asked = [];
  });

  it('is made where it is missing, together with the node', async () => {
    expect(await enter(0)).toEqual({ path: '/a%2fb/n-0000000000', stat: STAT, names: ['n-0000000000'] });
    const first = ['create ephemeral-sequential', 'children'];
    expect(asked).toEqual([...first, 'create container', ...first]);
  });

  it('is made again where the server removed it as idle before the node was there', async () => {
    expect(await enter(3)).toMatchObject({ path: '/a%2fb/n-0000000000' });
    expect(asked.filter((one) => one === 'create container')).toHaveLength(4);
  });

  it('is given up where that happens over and over', async () => {
    await expect(enter(Infinity)).rejects.toMatchObject({ code: 'OTHER', path: '/a%2fb' });
    expect(asked.filter((one) => one === 'create container')).toHaveLength(9);
  });

  it('fails with what the server says of it, where it cannot be made', async () => {
    const client = racingClient(0);
    const refusing = {
      ...client,
      create: async (path: string, data: Buffer, mode: 'container') => {
        if (mode === 'container') throw new ZooKeeperError('not you', { code: 'NO_AUTH', path });
        return client.create(path, data, mode);
      },
    };
    const entering = new KeyFolder(refusing as ZooKeeperClient, 'k').enter('n-', NOTHING);
    await expect(entering).rejects.toMatchObject({ code: 'NO_AUTH' });
  });
});
