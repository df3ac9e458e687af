import { type KeyPage, type KeyView, type ListRequest, MODE_CAPACITY } from '../../line/store.js';
import type { ZooKeeperClient } from './client/index.js';
import { isCode, KeyFolder } from './key-folder.js';
import { folderOf, keyOfFolder } from './names.js';
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

/**
 * A page of the keys, in the order of their nodes' names. A server tells all names at once or none, so each page costs it
 * all of them; which are in use is asked of `most` only.
 */
export async function list(
  client: ZooKeeperClient,
  { prefix, from = '', most }: ListRequest,
): Promise<KeyPage> {
  const beginning = folderOf(prefix);
  const [, { names }] = await Promise.all([client.sync('/'), client.children('/')]);
  const ahead = names.filter((name) => name.startsWith(beginning) && name > from).toSorted();
  const looked = ahead.slice(0, most);
  const isInUse = await Promise.all(looked.map((name) => hasChildren(client, `/${name}`)));
  return {
    keys: looked.filter((_, index) => isInUse[index]).flatMap((name) => keyOfFolder(name) ?? []),
    hashes: [],
    next: ahead.length > most ? looked.at(-1) : undefined,
  };
}

/** The node of a key that is idle is removed by the server, some time later. */
async function hasChildren(client: ZooKeeperClient, path: string): Promise<boolean> {
  return ((await client.exists(path))?.numChildren ?? 0) > 0;
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
