/**
 * The node of one request of this session: made once, found again where the answer was lost, removed once.
 *
 *   none ──make()──► making ──answered──► there            making ──refused, or never sent──► none
 *   making ──connection lost──► unknown ──find()──► there, or none
 *   there ──remove()──► none, for good
 *
 * A node is ours where its owner is ours and this session made it: an earlier session may have left one of the same owner.
 */
import { type Stat, type ZooKeeperClient, ZooKeeperError, type ZooKeeperErrorCode } from './client/index.js';
import { isCode, type KeyFolder } from './key-folder.js';
import { type Claim, placeOf, prefixOf } from './names.js';

/** Where the node is. */
export interface NodeThere {
  readonly path: string;
  readonly name: string;
  /** The transaction that made it. */
  readonly czxid: bigint;
}

/** After these it was surely not made. */
const NOT_DONE: ReadonlySet<ZooKeeperErrorCode> = new Set(['NOT_CONNECTED', 'NO_NODE', 'NO_AUTH', 'CLOSED']);

export class OwnNode {
  private there: NodeThere | undefined;
  private isUnknown = false;
  private isGivenUp = false;
  /** Settles, never rejects, when what is asked about the node is answered. */
  private asked: Promise<void> | undefined;

  constructor(
    private readonly client: ZooKeeperClient,
    private readonly folder: KeyFolder,
    private readonly claim: Claim,
  ) {}

  /** Undefined where there is none, as far as is known. */
  get place(): NodeThere | undefined {
    return this.there;
  }

  /** It was seen that it is gone. */
  forget(): void {
    this.there = undefined;
  }

  /** Makes it where it is not there. @returns the names in the line, undefined where it must be asked for */
  async stand(data: Buffer): Promise<readonly string[] | undefined> {
    while (this.asked) await this.asked;
    if (this.isUnknown) await this.alone(() => this.find());
    if (this.there || this.isGivenUp) return undefined;
    return this.alone(() => this.make(data));
  }

  /** Resolves when it is gone, and will not turn up either: from now on none is made. */
  async remove(): Promise<void> {
    this.isGivenUp = true;
    // Sent in the same tick where nothing is under way: whoever yields asks for its new place behind it.
    while (this.asked) await this.asked;
    if (this.isUnknown) await this.alone(() => this.find());
    if (!this.there) return;
    const { path } = this.there;
    try {
      await this.client.remove(path);
    } catch (error) {
      if (!isCode(error, 'NO_NODE')) throw error;
    }
    this.there = undefined;
  }

  private alone<T>(step: () => Promise<T>): Promise<T> {
    const result = step();
    const settle = (): void => {
      if (this.asked === asked) this.asked = undefined;
    };
    const asked = result.then(settle, settle);
    this.asked = asked;
    return result;
  }

  private async make(data: Buffer): Promise<readonly string[] | undefined> {
    try {
      const { path, stat, names } = await this.folder.enter(prefixOf(this.claim), data);
      this.adopt(path, stat);
      return names;
    } catch (error) {
      this.isUnknown = !(error instanceof ZooKeeperError && NOT_DONE.has(error.code));
      throw error;
    }
  }

  /** After a lost answer. The old connection can do no more: the server refuses what comes from it once we are back. */
  private async find(): Promise<void> {
    const names = await this.folder.latestNames();
    for (const name of names.filter((one) => placeOf(one)?.owner === this.claim.owner)) {
      const path = this.folder.pathOf(name);
      const stat = await this.client.exists(path);
      if (stat?.ephemeralOwner === this.client.sessionId) this.adopt(path, stat);
    }
    this.isUnknown = false;
  }

  private adopt(path: string, { czxid }: Stat): void {
    this.there = { path, name: path.slice(path.lastIndexOf('/') + 1), czxid };
  }
}
