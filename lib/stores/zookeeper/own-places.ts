import type { AcquireReply, AcquireRequest, Grant, LeaseRequest, ReleaseRequest } from '../../line/store.js';
import { KeyFolder } from './key-folder.js';
import { OwnPlace, type PlaceWorld } from './own-place.js';
import { RefusedOwners } from './refused-owners.js';
import { lineOf, standingIfJoined } from './standing.js';

const BUSY: AcquireReply = { kind: 'busy', grants: [], lookInMs: Infinity };
const REFUSED: AcquireReply = { kind: 'refused' };

/** All places of one session, by owner and key. */
export class OwnPlaces {
  private readonly places = new Map<string, OwnPlace>();
  private readonly refused: RefusedOwners;

  constructor(private readonly world: PlaceWorld) {
    this.refused = new RefusedOwners(world.clock);
  }

  /** The port's acquire. One key after the other, since none may be waited for while a later one is held. */
  async acquire(request: AcquireRequest): Promise<AcquireReply> {
    const { keys, owner, takesPlace, replaces } = request;
    if (!takesPlace) {
      const obstacle = await this.obstacle(request);
      if (obstacle) return obstacle;
    }
    // Both are sent before either is answered: the new place stands behind everybody who waits.
    const yielded = replaces === undefined ? undefined : this.leaveAll(keys, replaces);
    const [reply] = await Promise.all([this.takeInOrder(request), yielded]);
    if (takesPlace || reply.kind === 'held' || reply.kind === 'refused') return reply;
    await this.leaveAll(keys, owner);
    return { ...reply, grants: [] };
  }

  holdsAny(leases: readonly LeaseRequest[]): boolean {
    return leases.some(({ key, owner }) => this.places.get(idOf(key, owner))?.isHeld);
  }

  /** Watches the holds that are not watched yet. */
  watch(leases: readonly LeaseRequest[]): Promise<void>[] {
    return leases.flatMap(({ key, owner }) => this.places.get(idOf(key, owner))?.watch() ?? []);
  }

  renew(leases: readonly LeaseRequest[]): number[] {
    return leases.map(({ key, owner, leaseMs }) => this.places.get(idOf(key, owner))?.renew(leaseMs) ?? 0);
  }

  async release({ keys, owner, refuses, keepMs }: ReleaseRequest): Promise<void> {
    if (refuses) this.refused.add(owner);
    if (keepMs === 0) return this.leaveAll(keys, owner);
    await Promise.all(keys.flatMap((key) => this.places.get(idOf(key, owner))?.keep(keepMs) ?? []));
  }

  /** The session is connected again: what could not be removed is. */
  finishLeaving(): void {
    for (const place of this.places.values()) place.finishLeaving();
  }

  /** The session is over, and all nodes with it. */
  end(): void {
    for (const place of this.places.values()) place.end();
  }

  private async leaveAll(keys: readonly string[], owner: string): Promise<void> {
    await Promise.all(keys.flatMap((key) => this.places.get(idOf(key, owner))?.leave() ?? []));
  }

  private async takeInOrder(request: AcquireRequest): Promise<AcquireReply> {
    const grants: Grant[] = [];
    for (const key of request.keys) {
      // It may have been given up while an earlier key was asked for.
      if (this.refused.has(request.owner)) return REFUSED;
      const reply = await this.placeFor(key, request).ask(request.leaseMs);
      if (reply.kind === 'refused') return reply;
      if (reply.kind !== 'held') return { ...reply, grants };
      grants.push(reply.grant);
    }
    return { kind: 'held', grants };
  }

  private placeFor(key: string, { owner, capacity, weight }: AcquireRequest): OwnPlace {
    const id = idOf(key, owner);
    const known = this.places.get(id);
    if (known) return known;
    const place = new OwnPlace(this.world, {
      key,
      claim: { owner, capacity, weight },
      onOver: () => {
        if (this.places.get(id) === place) this.places.delete(id);
      },
    });
    this.places.set(id, place);
    return place;
  }

  /** What keeps a request without a place from holding all its keys now; nothing is written to find out. */
  private async obstacle(request: AcquireRequest): Promise<AcquireReply | undefined> {
    const strange = request.keys.filter((key) => !this.places.has(idOf(key, request.owner)));
    const lists = await Promise.all(
      strange.map((key) => new KeyFolder(this.world.client, key).latestNames()),
    );
    for (const names of lists) {
      const standing = standingIfJoined(lineOf(names), request);
      if (standing.kind === 'conflict') return { ...standing, grants: [] };
      if (standing.kind !== 'holds') return BUSY;
    }
    return undefined;
  }
}

/** Owners have one length. */
function idOf(key: string, owner: string): string {
  return owner + key;
}
