/**
 * Keys over the masters of a cluster. Each command goes to the master of its slot, as the map says:
 *
 *   sent ──MOVED──► the map learns, sent there         sent ──ASK──► sent there, this once
 *   sent ──connection lost, CLUSTERDOWN, READONLY…──► fails as it is, and the map is drawn anew
 *
 * The driver's own cluster client is not used: it sends again by itself what was meant for then, and does not notice a
 * node that stands still.
 */
import type { Redis } from 'ioredis';
import { type Address, type Connection, textOf } from './client-options.js';
import { ClusterEars } from './cluster-ears.js';
import { type ClusterNode, ClusterNodes } from './cluster-nodes.js';
import { ClusterScout, type Target } from './cluster-scout.js';
import { ClusterScripts } from './cluster-scripts.js';
import { slotOf } from './cluster-slots.js';
import { RedisSubscriber } from './redis-subscriber.js';
import type { Call, Ears, Route, Scanned, ScanStep } from './route.js';
import { placeOf, placeText, scan } from './scan.js';
import type { ScriptShape } from './script.js';
import { runScript, type Sender } from './script-runner.js';
import { checkScripts, checkShardedChannels } from './self-test.js';
import { CHANNEL, newSession, type RouteInit } from './single-route.js';

/** How often a command follows where it is sent. */
const MOST_REDIRECTIONS = 5;

export class ClusterRoute implements Route {
  readonly session: string;
  private readonly scripts = new ClusterScripts();
  private readonly nodes: ClusterNodes;
  private readonly scout: ClusterScout;
  private readonly ownEars: ClusterEars | undefined;
  private subscriber: RedisSubscriber | undefined;

  constructor(
    private readonly connection: Connection & { kind: 'cluster' },
    private readonly init: RouteInit,
  ) {
    const { context, silentMs, waitReplicas, isHeard } = init;
    const { clock, watchdogMs, onHint } = context;
    const { makeClient, startNodes, reach } = connection;
    const onReturn = (): void => onHint({ kind: 'all' });
    const nodes = new ClusterNodes({ clock, silentMs, watchdogMs, waitReplicas, makeClient, onReturn });
    const onChange = (masters: readonly Address[]): void => {
      nodes.keepOnly(masters);
      onReturn();
    };
    const ask = <T>(node: Address, command: (client: Redis) => Promise<T>): Promise<T> =>
      nodes.ask(node, command);
    const scout = new ClusterScout({ clock, startNodes, reach, ask, onChange });
    this.session = newSession(isHeard);
    this.nodes = nodes;
    this.scout = scout;
    if (!isHeard) return;
    const { session } = this;
    const makeLink = nodes.makeLink.bind(nodes);
    this.ownEars = new ClusterEars({ clock, silentMs, session, onHint, makeLink, scout });
  }

  get ears(): Ears | undefined {
    return this.ownEars;
  }

  /** @throws what made it fail, LockUnsupportedError */
  async open(): Promise<void> {
    await this.scout.draw();
    // To all of them, so that no first lock waits for a connection; one that is down does not keep the others from serving.
    const node = await firstOf(this.scout.masters.map((master) => this.nodes.at(master)));
    await checkScripts(node.link);
    if (!this.init.isHeard) return;
    await checkShardedChannels(this.nodes.makeLink(node.address), this.session);
    this.subscriber = this.makeSubscriber();
    await this.subscriber.open();
  }

  slotOf(stateKey: string): number {
    return slotOf(stateKey);
  }

  async run<Shape extends ScriptShape>(call: Call<Shape>): Promise<Shape['returns']> {
    const script = this.scripts.of(call.script);
    let target: Target | undefined;
    for (let hop = 0; ; hop++) {
      const { address, isAsk } = target ?? { address: await this.masterOf(call), isAsk: false };
      try {
        return await runScript(senderOf(await this.nodes.at(address), call, isAsk), script, call);
      } catch (error) {
        target = this.scout.heed(error, address);
        if (!target || hop === MOST_REDIRECTIONS) throw error;
      }
    }
  }

  /** Master by master, in the order of their names. One that is gone by then has given its slots to the others. */
  async scan(step: ScanStep): Promise<Scanned> {
    const place = placeOf(step.from ?? '');
    const masters = this.scout.masters.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
    const at = masters.findIndex((master) => textOf(master) >= place.server);
    const master = masters[at];
    if (!master) return { names: [], next: undefined };
    const from = textOf(master) === place.server ? place.from : undefined;
    const { names, next } = await this.scanOf(master, { ...step, from });
    const after = next === undefined ? masters[at + 1] : master;
    return { names, next: after && placeText({ server: textOf(after), from: next }) };
  }

  async close(): Promise<void> {
    await Promise.all([this.nodes.close(), this.ownEars?.close(), this.subscriber?.close()]);
  }

  private masterOf({ keys }: { readonly keys: readonly string[] }): Promise<Address> {
    return this.scout.masterOf(slotOf(keys[0]!));
  }

  private async scanOf(master: Address, step: ScanStep): Promise<Scanned> {
    try {
      return await scan((await this.nodes.at(master)).link, step);
    } catch (error) {
      // Another may serve its slots by now: whoever asks again is told so.
      this.scout.heed(error, master);
      throw error;
    }
  }

  /** Messages that are not about waiting are published to the whole cluster: any node does, and another when it is gone. */
  private makeSubscriber(): RedisSubscriber {
    const { makeClient } = this.connection;
    const { context, silentMs } = this.init;
    const client = makeClient(this.scout.masters[0]!);
    let next = 0;
    client.on('close', () => {
      const { masters } = this.scout;
      Object.assign(client.options, masters[++next % masters.length]);
    });
    const { clock, onHint } = context;
    return new RedisSubscriber({ clock, client, silentMs, channel: CHANNEL + this.session, onHint });
  }
}

/** Waits for all. @throws the first failure, where all failed */
async function firstOf<T>(attempts: readonly Promise<T>[]): Promise<T> {
  const answers = await Promise.allSettled(attempts);
  const found = answers.find((answer) => answer.status === 'fulfilled');
  return found ? found.value : attempts[0]!;
}

function senderOf<Shape extends ScriptShape>(
  { link, replicated }: ClusterNode,
  { keys, isGrant }: Call<Shape>,
  isAsk: boolean,
): Sender {
  const prelude = isAsk ? ask : undefined;
  if (isGrant && replicated) return replicated.senderFor({ stateKey: keys[0]!, isGrant, prelude });
  if (!prelude) return link;
  return {
    send: (command) =>
      link.send((client) => {
        prelude(client);
        return command(client);
      }),
  };
}

/** The node that takes a slot over serves it to who asks for that, for one command. */
function ask(client: Redis): void {
  // Where it fails, so does the command behind it.
  client.asking().catch(() => undefined);
}
