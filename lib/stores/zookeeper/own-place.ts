/**
 * One request of this session for one key: how it stands in the line, and its hold.
 *
 *   open ──ask(): behind others──► open      the nodes ahead are watched; one changed ► `called` is hinted, it looks again
 *   open ──ask(): in the prefix──► holds     open ──ask(): the key is in use otherwise──► left
 *   holds ──its node is gone──► open, `gone` is hinted
 *   holds ──its lease ends──► left           holds ──keep()──► kept ──its time ends──► left
 *   any ──leave()──► left ──removed──► over  any ──the session expires──► over
 *
 * What is left stays left: a node that turns up later is removed. Where that fails, leave() is called again once the
 * session is connected again, for as long as it lives; its end takes all its nodes along.
 */
import { type Hint, MODE_CAPACITY } from '../../line/store.js';
import type { KeyReply } from '../../line/transition.js';
import type { Clock, Timer } from '../../util/clock.js';
import { Ahead } from './ahead.js';
import { type ZooKeeperClient, ZooKeeperError } from './client/index.js';
import { KeyFolder } from './key-folder.js';
import type { Claim } from './names.js';
import { dataOf } from './node-text.js';
import type { Change, NodeWatches } from './node-watches.js';
import { OwnNode } from './own-node.js';
import { lineOf, type Standing, standingOf } from './standing.js';
import { tokenOf } from './token.js';

/** What places share of their session. */
export interface PlaceWorld {
  readonly client: ZooKeeperClient;
  readonly clock: Clock;
  readonly watches: NodeWatches;
  readonly hint: (hint: Hint) => void;
}

/** What a place is made for; `onOver` is called once, when nothing of it is left. */
export interface PlaceInit {
  readonly key: string;
  readonly claim: Claim;
  readonly onOver: () => void;
}

/** A hold's own node is watched once it is so old: a short hold costs the server nothing more. */
const WATCHED_FROM_MS = 50;
/** Who waits for permits looks after so long, whatever it heard: the one before it may be let in and not say so. */
const LOOK_ANYWAY_MS = 3_000;
/** Of the session's time: where less is sure, a heartbeat is overdue, and what is remembered may be old. */
const HEARD_SHARE = 0.45;
/** In each of them somebody else removed the node. */
const MOST_ROUNDS = 5;

const BUSY: KeyReply = { kind: 'busy', lookInMs: Infinity };
const REFUSED: KeyReply = { kind: 'refused' };

export class OwnPlace {
  private readonly folder: KeyFolder;
  private readonly node: OwnNode;
  private readonly ahead: Ahead;
  private state: 'open' | 'holds' | 'kept' | 'left' | 'over' = 'open';
  private hasWaited = false;
  private lookedMs = -Infinity;
  private isWatched = false;
  private endsMs = 0;
  /** As the node's data tells it. */
  private toldMs = 0;
  private timer: Timer | undefined;
  private leaving: Promise<void> | undefined;

  constructor(
    private readonly world: PlaceWorld,
    private readonly init: PlaceInit,
  ) {
    const { client, watches, hint } = world;
    const { key, claim } = init;
    this.folder = new KeyFolder(client, key);
    this.node = new OwnNode(client, this.folder, claim);
    this.ahead = new Ahead(watches, () => hint({ kind: 'called', owner: claim.owner }));
  }

  /** True from the moment it was given up. */
  get isLeft(): boolean {
    return this.state !== 'open' && this.state !== 'holds';
  }

  get isHeld(): boolean {
    return this.state === 'holds';
  }

  /** What is left of the hold in milliseconds, of its lease and of what is sure of the session; 0 where there is none. */
  get restMs(): number {
    if (this.state !== 'holds') return 0;
    const untilMs = Math.min(this.endsMs, this.world.client.aliveUntilMs);
    return Math.max(0, untilMs - this.world.clock.nowMs());
  }

  /** Holds, or takes its place, or keeps the one or the other as it is. */
  async ask(leaseMs: number): Promise<KeyReply> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const remembered = this.remembered();
      if (remembered) return remembered;
      const standing = await this.look(leaseMs);
      if (this.isLeft) return REFUSED;
      if (standing.kind !== 'absent') return this.settle(standing, leaseMs);
      this.vanish();
    }
    const { path } = this.folder;
    throw new ZooKeeperError(`Somebody removes what is made below ${path}.`, { code: 'OTHER', path });
  }

  /** Lengthens the lease to at least that from now. @returns what is left; 0 where it is held no more */
  renew(leaseMs: number): number {
    const nowMs = this.world.clock.nowMs();
    if (this.state !== 'holds' || this.endsMs <= nowMs) return 0;
    this.endsMs = Math.max(this.endsMs, nowMs + leaseMs);
    if (leaseMs > this.toldMs) this.tell(leaseMs);
    return this.restMs;
  }

  /** Watches the hold's own node where it does not yet. Resolves when it does, or the node turned out to be gone. */
  watch(): Promise<void> | undefined {
    const { place } = this.node;
    if (this.state !== 'holds' || this.isWatched || !place) return undefined;
    this.isWatched = true;
    return this.world.watches.listen(place.path, this.onOwnChange);
  }

  /** The hold ends, and its node stays as nobody's for so long. */
  async keep(keepMs: number): Promise<void> {
    const { place } = this.node;
    if ((this.state !== 'holds' && this.state !== 'kept') || !place) return this.leave();
    if (this.state === 'holds') this.arm(keepMs);
    this.state = 'kept';
    await this.world.client.set(place.path, dataOf({ isKept: true, restMs: keepMs }));
  }

  /** Resolves when nothing of it stands, or the session is over. Where it fails it may be called again. */
  leave(): Promise<void> {
    if (this.state === 'over') return Promise.resolve();
    this.state = 'left';
    this.disarm();
    this.leaving ??= this.remove();
    return this.leaving;
  }

  /** Once more, where it was given up and its node could not be removed. */
  finishLeaving(): void {
    // Where it fails again, it is tried with the next connection.
    if (this.state === 'left' && !this.leaving) this.leave().catch(() => undefined);
  }

  /** The session is over, and the node with it. */
  end(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.disarm();
    this.init.onOver();
  }

  private async remove(): Promise<void> {
    try {
      await this.node.remove();
    } catch (error) {
      // Of a session that ended meanwhile nothing is left.
      if (!this.isOver()) throw error;
    } finally {
      this.leaving = undefined;
    }
    this.end();
  }

  private isOver(): boolean {
    return this.state === 'over';
  }

  /** What is known without a question: had anything changed, a watch would have told. */
  private remembered(): KeyReply | undefined {
    if (this.isLeft) return REFUSED;
    if (!isHeard(this.world)) return undefined;
    if (this.state === 'holds') return this.isWatched ? this.granted() : undefined;
    return this.ahead.isQuiet && this.isFresh ? BUSY : undefined;
  }

  private get isFresh(): boolean {
    const isMode = this.init.claim.capacity === MODE_CAPACITY;
    return isMode || this.world.clock.nowMs() - this.lookedMs < LOOK_ANYWAY_MS;
  }

  private async look(leaseMs: number): Promise<Standing> {
    const { client, clock } = this.world;
    const restMs = Math.min(leaseMs, client.negotiatedMs);
    if (!this.node.place) this.toldMs = leaseMs;
    const names = (await this.node.stand(dataOf({ isKept: false, restMs }))) ?? (await this.folder.names());
    this.lookedMs = clock.nowMs();
    return standingOf(lineOf(names), this.node.place?.name ?? '');
  }

  private async settle(standing: Exclude<Standing, { kind: 'absent' }>, leaseMs: number): Promise<KeyReply> {
    switch (standing.kind) {
      case 'holds':
        if (this.state === 'open') this.hold(leaseMs, standing.isFollowed);
        return this.granted();
      case 'waits':
        this.hasWaited = true;
        this.ahead.watch(standing.behind.map((name) => this.folder.pathOf(name)));
        return BUSY;
      case 'conflict':
        await this.leave();
        return { kind: 'conflict', capacity: standing.capacity };
    }
  }

  private hold(leaseMs: number, isFollowed: boolean): void {
    this.ahead.clear();
    this.state = 'holds';
    this.endsMs = this.world.clock.nowMs() + leaseMs;
    this.arm(Math.min(WATCHED_FROM_MS, leaseMs));
    // Who waits for permits behind it watches it alone, and is the first of the waiters now.
    if (this.hasWaited && isFollowed && this.init.claim.capacity !== MODE_CAPACITY) this.tell(leaseMs);
  }

  /** @throws TokenOutOfReach */
  private granted(): KeyReply {
    return { kind: 'held', grant: { token: tokenOf(this.node.place!.czxid), restMs: this.restMs } };
  }

  /** Changes the node's data, which whoever watches it notices. */
  private tell(leaseMs: number): void {
    const { client } = this.world;
    this.toldMs = leaseMs;
    const restMs = Math.min(leaseMs, client.negotiatedMs);
    // Where it is lost, whoever waits looks anyway, and whoever inspects reads the last lease.
    client.set(this.node.place!.path, dataOf({ isKept: false, restMs })).catch(() => undefined);
  }

  private readonly onOwnChange = (change: Change): void => {
    this.isWatched = false;
    if (this.state !== 'holds') return;
    if (change === 'gone') this.vanish();
    else if (change === 'changed') void this.watch();
    // What could not be asked is asked with the next renewal.
  };

  /** The node was removed by somebody else. */
  private vanish(): void {
    const hasHeld = this.state === 'holds';
    this.disarm();
    this.node.forget();
    if (!hasHeld) return;
    this.state = 'open';
    this.world.hint({ kind: 'gone', owner: this.init.claim.owner });
  }

  private arm(delayMs: number): void {
    this.timer?.clear();
    this.timer = this.world.clock.setTimer(delayMs, this.onTimer, { isBackground: true });
  }

  private readonly onTimer = (): void => {
    void this.watch();
    const leftMs = this.endsMs - this.world.clock.nowMs();
    if (this.state === 'holds' && leftMs > 0) this.arm(leftMs);
    // Where it fails it is tried again with the next connection.
    else this.leave().catch(() => undefined);
  };

  private disarm(): void {
    this.timer?.clear();
    this.timer = undefined;
    this.ahead.clear();
    const { place } = this.node;
    if (this.isWatched && place) this.world.watches.leave(place.path, this.onOwnChange);
    this.isWatched = false;
  }
}

/** True while no heartbeat is overdue. */
function isHeard({ client, clock }: PlaceWorld): boolean {
  const sureMs = client.aliveUntilMs - clock.nowMs();
  return sureMs >= client.negotiatedMs * HEARD_SHARE;
}
