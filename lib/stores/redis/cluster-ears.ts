/**
 * The ears of a session in a cluster. Each key that somebody here waits for has a channel `{key}:<session>` in its own
 * slot, heard at the master of that slot.
 *
 *   unheard ──listen()──► heard ──nobody waits any more, at a beat──► unheard
 *   heard ──connection lost, or the slot has moved──► unheard: everybody looks, and whoever still waits listens again
 */
import type { Hint } from '../../line/store.js';
import type { Clock, Timer } from '../../util/clock.js';
import { type Address, textOf } from './client-options.js';
import type { Target } from './cluster-scout.js';
import { slotOf } from './cluster-slots.js';
import type { RedisLink } from './redis-link.js';
import { hintOf } from './redis-subscriber.js';
import type { Ears } from './route.js';
import { ChannelMoved, subscribeSharded } from './sharded-channel.js';

export interface ClusterEarsOptions {
  readonly clock: Clock;
  readonly silentMs: number;
  readonly session: string;
  readonly onHint: (hint: Hint) => void;
  readonly makeLink: (node: Address, onReturn: () => void) => RedisLink;
  readonly scout: {
    readonly masters: readonly Address[];
    knownMasterOf(slot: number): Address | undefined;
    masterOf(slot: number): Promise<Address>;
    heed(error: unknown, asked: Address): Target | undefined;
    redraw(): Promise<void>;
  };
}

interface Channel {
  readonly owners: Set<string>;
  /** The master where it is heard. */
  at: string | undefined;
}

interface Ear {
  readonly link: RedisLink;
  readonly opened: Promise<void>;
}

/** How often a subscription follows where it is sent. */
const MOST_REDIRECTIONS = 5;

export class ClusterEars implements Ears {
  private readonly channels = new Map<string, Channel>();
  private readonly keysOf = new Map<string, readonly string[]>();
  private readonly ears = new Map<string, Ear>();
  private timer: Timer | undefined;
  private isClosed = false;

  constructor(private readonly options: ClusterEarsOptions) {
    this.beat();
  }

  hear(keys: readonly string[]): boolean {
    const master = this.options.scout.knownMasterOf(slotOf(keys[0]!));
    if (!master) return false;
    const at = textOf(master);
    return keys.every((key) => this.channels.get(key)?.at === at);
  }

  async listen(keys: readonly string[]): Promise<void> {
    const { scout, session } = this.options;
    const names = keys.map((key) => `${key}:${session}`);
    const slot = slotOf(keys[0]!);
    let address = await scout.masterOf(slot);
    for (let hop = 0; ; hop++) {
      try {
        const link = await this.earAt(address);
        await subscribeSharded(link, names);
        break;
      } catch (error) {
        if (hop === MOST_REDIRECTIONS) throw error;
        address = await this.elsewhere(error, { asked: address, slot });
      }
    }
    for (const key of keys) this.channelOf(key).at = textOf(address);
  }

  note(owner: string, keys: readonly string[]): void {
    for (const key of this.keysOf.get(owner) ?? []) this.channels.get(key)?.owners.delete(owner);
    if (keys.length === 0) {
      this.keysOf.delete(owner);
      return;
    }
    this.keysOf.set(owner, keys);
    for (const key of keys) this.channelOf(key).owners.add(owner);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.clear();
    await Promise.all([...this.ears.values()].map(({ link }) => link.close()));
    this.ears.clear();
  }

  private channelOf(key: string): Channel {
    let channel = this.channels.get(key);
    if (!channel) {
      channel = { owners: new Set(), at: undefined };
      this.channels.set(key, channel);
    }
    return channel;
  }

  /** @throws the error itself, where it does not say to listen at another node */
  private async elsewhere(
    error: unknown,
    { asked, slot }: { readonly asked: Address; readonly slot: number },
  ): Promise<Address> {
    const { scout } = this.options;
    const target = scout.heed(error, asked);
    if (target) return target.address;
    if (!(error instanceof ChannelMoved)) throw error;
    await scout.redraw();
    return scout.masterOf(slot);
  }

  private async earAt(address: Address): Promise<RedisLink> {
    if (this.isClosed) throw new Error('the session is closed');
    const name = textOf(address);
    let ear = this.ears.get(name);
    if (!ear) {
      const link = this.options.makeLink(address, () => this.forget(name));
      link.client.on('smessage', (_channel: string, text: string) => {
        const hint = hintOf(text);
        if (hint) this.options.onHint(hint);
      });
      // A subscription that was cut off by its slot's move: whoever waits finds out at its next look.
      link.client.on('close', () => this.forget(name));
      ear = { link, opened: link.open() };
      this.ears.set(name, ear);
      ear.opened.catch(() => this.ears.delete(name));
    }
    await ear.opened;
    return ear.link;
  }

  /** What was heard there is heard no more. */
  private forget(name: string): void {
    let wasHeard = false;
    for (const channel of this.channels.values()) {
      if (channel.at !== name) continue;
      channel.at = undefined;
      wasHeard = true;
    }
    if (wasHeard && !this.isClosed) this.options.onHint({ kind: 'all' });
  }

  private beat(): void {
    const { clock, silentMs } = this.options;
    this.timer = clock.setTimer(
      silentMs,
      () => {
        this.dropIdle();
        this.dropLeftovers();
        // Shows whether the connection is alive where nothing is said.
        for (const { link } of this.ears.values()) {
          link.send((client) => client.ping()).catch(() => undefined);
        }
        if (!this.isClosed) this.beat();
      },
      { isBackground: true },
    );
  }

  private dropIdle(): void {
    for (const [key, { owners, at }] of this.channels) {
      if (owners.size > 0) continue;
      this.channels.delete(key);
      if (at === undefined) continue;
      const { link } = this.ears.get(at) ?? {};
      // One that is not taken back costs the server a name, until the connection goes.
      link?.send((client) => client.sunsubscribe(`${key}:${this.options.session}`)).catch(() => undefined);
    }
  }

  /** Connections to who is a master no more. */
  private dropLeftovers(): void {
    const masters = new Set(this.options.scout.masters.map(textOf));
    for (const [name, { link }] of this.ears) {
      if (masters.has(name)) continue;
      this.ears.delete(name);
      void link.close();
    }
  }
}
