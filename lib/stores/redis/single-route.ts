import { randomBytes } from 'node:crypto';
import type { SessionContext } from '../../line/store.js';
import type { Connection } from './client-options.js';
import { RedisLink } from './redis-link.js';
import { RedisSubscriber } from './redis-subscriber.js';
import { ReplicatedLink } from './replicated-link.js';
import { type Call, NO_SESSION, type Route, type Scanned, type ScanStep } from './route.js';
import { scan } from './scan.js';
import type { ScriptShape } from './script.js';
import { runScript } from './script-runner.js';
import { checkScripts } from './self-test.js';

export interface RouteInit {
  readonly context: SessionContext;
  /** With something unanswered, a connection that is silent for so long is taken for dead, in milliseconds. */
  readonly silentMs: number;
  /** False where nothing is heard: `waiting: 'spin'`. */
  readonly isHeard: boolean;
  readonly waitReplicas: number;
}

export const CHANNEL = 'nestjs-distributed-lock:';

export function newSession(isHeard: boolean): string {
  return isHeard ? randomBytes(12).toString('base64url') : NO_SESSION;
}

/** All keys on one server, whichever that is at the moment. */
export class SingleRoute implements Route {
  readonly ears = undefined;
  readonly session: string;
  private readonly link: RedisLink;
  private readonly subscriber: RedisSubscriber | undefined;
  private readonly replicated: ReplicatedLink | undefined;

  constructor(connection: Connection & { kind: 'single' }, init: RouteInit) {
    const { context, silentMs, isHeard, waitReplicas } = init;
    const { clock, onHint } = context;
    const { makeClient } = connection;
    const onReturn = (): void => onHint({ kind: 'all' });
    this.session = newSession(isHeard);
    this.link = new RedisLink({ clock, client: makeClient(), silentMs, onReturn });
    if (isHeard) {
      const channel = CHANNEL + this.session;
      this.subscriber = new RedisSubscriber({ clock, client: makeClient(), silentMs, channel, onHint });
    }
    if (waitReplicas > 0) {
      const { watchdogMs } = context;
      this.replicated = new ReplicatedLink({
        clock,
        client: makeClient(),
        silentMs,
        onReturn,
        waitReplicas,
        watchdogMs,
      });
    }
  }

  async open(): Promise<void> {
    await Promise.all([this.link.open(), this.subscriber?.open(), this.replicated?.open()]);
    await checkScripts(this.link);
  }

  slotOf(): number {
    return 0;
  }

  run<Shape extends ScriptShape>({ script, keys, args, isGrant }: Call<Shape>): Promise<Shape['returns']> {
    const [stateKey = ''] = keys;
    const sender = isGrant && this.replicated ? this.replicated.senderFor({ stateKey, isGrant }) : this.link;
    return runScript(sender, script, { keys, args });
  }

  scan(step: ScanStep): Promise<Scanned> {
    return scan(this.link, step);
  }

  async life(): Promise<string | undefined> {
    const info = await this.link.send((client) => client.info('server'));
    return /^run_id:(\w+)/m.exec(info)?.[1];
  }

  async close(): Promise<void> {
    await Promise.all([this.link.close(), this.subscriber?.close(), this.replicated?.close()]);
  }
}
