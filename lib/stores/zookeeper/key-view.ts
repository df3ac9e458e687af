import { type KeyView, MODE_CAPACITY } from '../../line/store.js';
import type { ZooKeeperClient } from './client/index.js';
import { isCode, KeyFolder } from './key-folder.js';
import { textOf } from './node-text.js';
import { holdersIn, lineOf } from './standing.js';
import { tokenOf } from './token.js';

type Holder = KeyView['holders'][number];

/** Who holds a key and how many wait, as anybody can see it. */
export async function inspect(client: ZooKeeperClient, key: string): Promise<KeyView> {
  const folder = new KeyFolder(client, key);
  const line = lineOf(await folder.latestNames());
  const count = holdersIn(line);
  const holders = await Promise.all(
    line.slice(0, count).map(async ({ name, owner, weight }): Promise<Holder | undefined> => {
      try {
        const { data, stat } = await client.data(folder.pathOf(name));
        const { isKept, restMs } = textOf(data);
        return { owner: isKept ? '' : owner, weight, restMs, token: tokenOf(stat.czxid) };
      } catch (error) {
        // It went between the two questions.
        if (isCode(error, 'NO_NODE')) return undefined;
        throw error;
      }
    }),
  );
  return {
    capacity: line[0]?.capacity ?? MODE_CAPACITY,
    holders: holders.filter((one) => one !== undefined),
    waiters: line.length - count,
  };
}

/** Removes whoever holds the key; each is told by the watch on its own node. True where there was one. */
export async function forceRelease(client: ZooKeeperClient, key: string): Promise<boolean> {
  const folder = new KeyFolder(client, key);
  const line = lineOf(await folder.latestNames());
  const removals = line.slice(0, holdersIn(line)).map(async ({ name }) => {
    try {
      await client.remove(folder.pathOf(name));
      return true;
    } catch (error) {
      if (isCode(error, 'NO_NODE')) return false;
      throw error;
    }
  });
  return (await Promise.all(removals)).some(Boolean);
}
