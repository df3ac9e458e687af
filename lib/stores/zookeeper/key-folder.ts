import { type Stat, type ZooKeeperClient, ZooKeeperError } from './client/index.js';
import { folderOf } from './names.js';

const NOTHING = Buffer.alloc(0);
/** The server may remove an empty container between two requests; so often in a row it does not. */
const MOST_ATTEMPTS = 10;

/** A node that was made, and who stood in the line when it was. */
export interface Entry {
  readonly path: string;
  readonly stat: Stat;
  /** Undefined where the question failed. */
  readonly names: readonly string[] | undefined;
}

/** The node of a key, below which its requests stand: a container, made when it is missing, and gone when it is idle. */
export class KeyFolder {
  readonly path: string;

  constructor(
    private readonly client: ZooKeeperClient,
    key: string,
  ) {
    this.path = `/${folderOf(key)}`;
  }

  pathOf(name: string): string {
    return `${this.path}/${name}`;
  }

  /** The nodes in it, as this server knows them; none where it is missing. */
  async names(): Promise<readonly string[]> {
    try {
      return (await this.client.children(this.path)).names;
    } catch (error) {
      if (isCode(error, 'NO_NODE')) return [];
      throw error;
    }
  }

  /** The nodes in it after everything that anybody was answered before now. */
  async latestNames(): Promise<readonly string[]> {
    const [, names] = await Promise.all([this.client.sync(this.path), this.names()]);
    return names;
  }

  /** Makes an ephemeral node at the end, and lists the line with it: together, in one round trip where the folder is there. */
  async enter(prefix: string, data: Buffer): Promise<Entry> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const made = attempt === 0 ? undefined : this.client.create(this.path, NOTHING, 'container');
      const created = this.client.create(this.pathOf(prefix), data, 'ephemeral-sequential');
      const [folder, node, list] = await Promise.allSettled([made, created, this.names()]);
      if (node.status === 'fulfilled') {
        return { ...node.value, names: list.status === 'fulfilled' ? list.value : undefined };
      }
      if (!isCode(node.reason, 'NO_NODE')) throw node.reason as Error;
      if (folder.status === 'rejected' && !isCode(folder.reason, 'NODE_EXISTS')) throw folder.reason as Error;
    }
    throw new ZooKeeperError(`The node ${this.path} was removed ${MOST_ATTEMPTS} times while it was used.`, {
      code: 'OTHER',
      path: this.path,
    });
  }
}

export function isCode(error: unknown, code: ZooKeeperError['code']): boolean {
  return error instanceof ZooKeeperError && error.code === code;
}
