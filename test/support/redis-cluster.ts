import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificates } from './certificates.js';
import { freePort } from './free-port.js';
import { RedisServer } from './redis-server.js';
import { until } from './until.js';

const SLOTS = 16_384;
const MASTERS = 3;
/** A master that is silent for so long is replaced. */
const NODE_TIMEOUT_MS = 1_000;

export interface RedisClusterOptions {
  /** Of each master. Default 1. */
  readonly replicasEach?: number;
  /** Further options of every node, as on the command line. */
  readonly args?: readonly string[];
  /** All speak TLS with these, and nothing else. */
  readonly tls?: Certificates;
}

/** A node and its name in the cluster. */
export interface ClusterMember {
  readonly server: RedisServer;
  readonly id: string;
}

/** A slot on its way from one master to another: it goes key by key. */
export interface SlotMove {
  /** Takes the named keys over, or all that are left. */
  moveKeys(...keys: string[]): Promise<void>;
  /** Moves what is left, and tells every master. */
  finish(): Promise<void>;
}

/**
 * A cluster of three masters, each with its replicas, on free loopback ports.
 *
 *   start() ──► settled ──kill or pause a master──► replaced() ──resume or restart it──► settled() as a replica
 */
export class RedisCluster {
  private constructor(readonly members: readonly ClusterMember[]) {}

  static async start(options: RedisClusterOptions = {}): Promise<RedisCluster> {
    const { replicasEach = 1 } = options;
    const count = MASTERS * (1 + replicasEach);
    const members = await Promise.all(Array.from({ length: count }, () => startMember(options)));
    const cluster = new RedisCluster(members);
    await cluster.assemble();
    return cluster;
  }

  /** What a store is given. */
  get connection(): { nodes: { host: string; port: number }[] } {
    return { nodes: this.members.map(({ server }) => ({ host: '127.0.0.1', port: server.port })) };
  }

  get servers(): readonly RedisServer[] {
    return this.members.map(({ server }) => server);
  }

  /** The slot of a key, as the servers say. */
  async slotOf(key: string): Promise<number> {
    return Number(await this.members[0]!.server.admin.call('CLUSTER', 'KEYSLOT', key));
  }

  /** The master that serves the slot, as most of those that can be asked see it. */
  async masterOf(slot: number): Promise<ClusterMember> {
    const ports = await Promise.all(this.living().map(({ server }) => portServing(server, slot)));
    const votes = new Map<number, number>();
    for (const port of ports) votes.set(port, (votes.get(port) ?? 0) + 1);
    const [winner] = [...votes].sort((a, b) => b[1] - a[1]);
    return this.members.find(({ server }) => server.port === winner?.[0])!;
  }

  /** The range of slots around one, as its master serves it. */
  async rangeOf(slot: number): Promise<[from: number, to: number]> {
    const rows = (await this.members[0]!.server.admin.call('CLUSTER', 'SLOTS')) as [number, number][];
    const [from, to] = rows.find((row) => row[0] <= slot && slot <= row[1])!;
    return [from, to];
  }

  async replicasOf({ server }: ClusterMember): Promise<RedisServer[]> {
    const roles = await Promise.all(this.servers.map((one) => one.admin.call('ROLE') as Promise<unknown[]>));
    return this.servers.filter(
      (_, index) => roles[index]![0] === 'slave' && roles[index]![2] === server.port,
    );
  }

  /** A master other than that one. */
  async otherMaster(than: ClusterMember): Promise<ClusterMember> {
    for (const slot of [0, SLOTS / 2, SLOTS - 1]) {
      const master = await this.masterOf(slot);
      if (master !== than) return master;
    }
    throw new Error('there is one master only');
  }

  /** Resolves when another than `old` serves the slot, and the cluster is in order as all others see it. */
  async replaced(old: ClusterMember, slot: number): Promise<ClusterMember> {
    const others = this.members.filter((member) => member !== old);
    await until('another master serves the slot', async () => {
      const ports = await Promise.all(others.map(({ server }) => portServing(server, slot)));
      const isInOrder = await Promise.all(others.map(({ server }) => isOk(server)));
      return isInOrder.every(Boolean) && ports.every((port) => port !== old.server.port);
    });
    const port = await portServing(others[0]!.server, slot);
    return this.members.find(({ server }) => server.port === port)!;
  }

  /** Begins to move a slot; nothing of it has moved yet. */
  async beginMove(slot: number, to: ClusterMember): Promise<SlotMove> {
    const from = await this.masterOf(slot);
    const setSlot = (member: ClusterMember, ...words: string[]): Promise<unknown> =>
      member.server.admin.call('CLUSTER', 'SETSLOT', slot, ...words);
    await setSlot(to, 'IMPORTING', from.id);
    await setSlot(from, 'MIGRATING', to.id);
    const keysIn = async (): Promise<string[]> =>
      (await from.server.admin.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
    const moveKeys = async (...keys: string[]): Promise<void> => {
      if (keys.length === 0) return;
      const where = ['127.0.0.1', to.server.port, '', 0, 5_000, 'KEYS'];
      await from.server.admin.call('MIGRATE', ...where, ...keys);
    };
    return {
      moveKeys,
      finish: async () => {
        for (let keys = await keysIn(); keys.length > 0; keys = await keysIn()) await moveKeys(...keys);
        for (const member of [to, from, ...this.members]) {
          await setSlot(member, 'NODE', to.id).catch(() => undefined);
        }
        await this.settled();
      },
    };
  }

  /** Resolves when every node sees the whole cluster in order, and every replica follows. */
  async settled(): Promise<void> {
    await until('the cluster is in order', async () => {
      const views = await Promise.all(this.members.map(({ server }) => viewOf(server)));
      return views.every(
        ({ ok, known, served }) => ok && known === this.members.length && served === views[0]!.served,
      );
    });
    await until('every replica follows', async () => {
      const linked = await Promise.all(this.members.map(({ server }) => isLinked(server)));
      return linked.every(Boolean);
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  private living(): ClusterMember[] {
    return this.members.filter(({ server }) => server.isRunning);
  }

  private async haveMet(): Promise<boolean> {
    await until('all have met', async () => {
      const views = await Promise.all(this.members.map(({ server }) => viewOf(server)));
      return views.every(({ known }) => known === this.members.length);
    });
    return true;
  }

  private async assemble(): Promise<void> {
    const [first, ...others] = this.members;
    for (const [index, { server }] of this.members.entries()) {
      await server.admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      if (index >= MASTERS) continue;
      const from = Math.floor((SLOTS * index) / MASTERS);
      const to = Math.floor((SLOTS * (index + 1)) / MASTERS) - 1;
      await server.admin.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
    }
    await until('all have met', async () => {
      // A handshake that a busy machine lets lapse is not tried again by itself.
      for (const { server } of others) {
        await first!.server.admin.call('CLUSTER', 'MEET', '127.0.0.1', server.port, server.busPort!);
      }
      return Promise.race([this.haveMet(), sleep(2 * NODE_TIMEOUT_MS).then(() => false)]);
    });
    for (const [index, { server }] of this.members.entries()) {
      if (index >= MASTERS) {
        const master = this.members[index % MASTERS]!;
        await server.admin.call('CLUSTER', 'REPLICATE', master.id);
      }
    }
    await this.settled();
  }
}

async function startMember(options: RedisClusterOptions, attempts = 3): Promise<ClusterMember> {
  const { args = [], tls } = options;
  const busPort = await freePort();
  const quick = ['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0'];
  const own = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)];
  const bus = ['--cluster-port', String(busPort), '--cluster-replica-validity-factor', '0'];
  const all = [...own, ...bus, ...quick, ...(tls ? ['--tls-cluster', 'yes'] : []), ...args];
  const server = await RedisServer.start({ args: all, busPort, ...(tls && { tls }) }).catch(
    (error: unknown) => {
      // Somebody else took the port of the bus in between.
      if (attempts === 1) throw error;
      return undefined;
    },
  );
  if (!server) return startMember(options, attempts - 1);
  return { server, id: String(await server.admin.call('CLUSTER', 'MYID')) };
}

async function portServing(server: RedisServer, slot: number): Promise<number> {
  const rows = (await server.admin.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
  return rows.find(([from, to]) => from <= slot && slot <= to)?.[2][1] ?? 0;
}

async function infoOf(server: RedisServer): Promise<string> {
  return String(await server.admin.call('CLUSTER', 'INFO'));
}

async function isOk(server: RedisServer): Promise<boolean> {
  return (await infoOf(server)).includes('cluster_state:ok');
}

async function viewOf(server: RedisServer): Promise<{ ok: boolean; known: number; served: string }> {
  const info = await infoOf(server);
  const rows = (await server.admin.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
  const served = rows.map(([from, to, [, port]]) => `${from}-${to}:${port}`).sort();
  const known = Number(/cluster_known_nodes:(\d+)/.exec(info)?.[1]);
  return { ok: info.includes('cluster_state:ok'), known, served: served.join() };
}

/** A master, or a replica whose link to its master stands. */
async function isLinked(server: RedisServer): Promise<boolean> {
  const role = (await server.admin.call('ROLE')) as unknown[];
  return role[0] === 'master' || role[3] === 'connected';
}
