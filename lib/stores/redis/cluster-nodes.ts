/**
 * The masters of a cluster, as one session is connected to them.
 *
 *   unknown ──at()──► opening ──answered──► open ──lost──► reconnecting ──► open, and `onReturn`
 *   opening ──failed──► unknown             whoever needs it tries again
 *   any ──keepOnly() without it──► closed, its commands rejected
 */
import type { Redis } from 'ioredis';
import type { Clock } from '../../util/clock.js';
import { type Address, textOf } from './client-options.js';
import { RedisLink } from './redis-link.js';
import { ReplicatedLink } from './replicated-link.js';

export interface ClusterNodesOptions {
  readonly clock: Clock;
  readonly silentMs: number;
  readonly watchdogMs: number;
  readonly waitReplicas: number;
  readonly makeClient: (node: Address) => Redis;
  readonly onReturn: () => void;
}

/** The connections to one master: one for commands, one more for those that wait for replicas. */
export interface ClusterNode {
  readonly address: Address;
  readonly link: RedisLink;
  readonly replicated: ReplicatedLink | undefined;
}

interface Opening {
  readonly node: ClusterNode;
  readonly opened: Promise<ClusterNode>;
}

export class ClusterNodes {
  private readonly nodes = new Map<string, Opening>();
  /** Those of questions that are under way. */
  private readonly passing = new Set<RedisLink>();
  private isClosed = false;

  constructor(private readonly options: ClusterNodesOptions) {}

  /** Resolves when it is connected. @throws what made it fail */
  at(address: Address): Promise<ClusterNode> {
    if (this.isClosed) return Promise.reject(new Error('the session is closed'));
    const name = textOf(address);
    const known = this.nodes.get(name);
    if (known) return known.opened;
    const node = this.make(address);
    const opened = this.open(node);
    this.nodes.set(name, { node, opened });
    opened.catch(() => {
      if (this.nodes.get(name)?.node === node) this.nodes.delete(name);
    });
    return opened;
  }

  /** Closes what is none of these. */
  keepOnly(addresses: readonly Address[]): void {
    const kept = new Set(addresses.map(textOf));
    for (const [name, { node }] of this.nodes) {
      if (kept.has(name)) continue;
      this.nodes.delete(name);
      // Not waited for: whoever has something under way there is told at once.
      void closeNode(node);
    }
  }

  /** Asks a node that need not be a master, over a connection that is closed again. */
  async ask<T>(address: Address, command: (client: Redis) => Promise<T>): Promise<T> {
    const known = this.nodes.get(textOf(address));
    if (known?.node.link.isReady) return known.node.link.send(command);
    const link = this.makeLink(address);
    this.passing.add(link);
    try {
      await link.open();
      return await link.send(command);
    } finally {
      this.passing.delete(link);
      await link.close();
    }
  }

  makeLink(address: Address, onReturn: () => void = () => undefined): RedisLink {
    const { clock, silentMs, makeClient } = this.options;
    return new RedisLink({ clock, silentMs, client: makeClient(address), onReturn });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const nodes = [...this.nodes.values()];
    this.nodes.clear();
    await Promise.all(nodes.map(({ node }) => closeNode(node)));
    await Promise.all([...this.passing].map((link) => link.close()));
  }

  private make(address: Address): ClusterNode {
    const { clock, silentMs, watchdogMs, waitReplicas, makeClient, onReturn } = this.options;
    const link = this.makeLink(address, onReturn);
    if (waitReplicas === 0) return { address, link, replicated: undefined };
    const client = makeClient(address);
    const replicated = new ReplicatedLink({ clock, client, silentMs, onReturn, waitReplicas, watchdogMs });
    return { address, link, replicated };
  }

  private async open(node: ClusterNode): Promise<ClusterNode> {
    try {
      await Promise.all([node.link.open(), node.replicated?.open()]);
    } catch (error) {
      await closeNode(node);
      throw error;
    }
    return node;
  }
}

async function closeNode({ link, replicated }: ClusterNode): Promise<void> {
  await Promise.all([link.close(), replicated?.close()]);
}
