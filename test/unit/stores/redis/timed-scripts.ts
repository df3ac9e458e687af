import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type {
  AcquireReply,
  AcquireRequest,
  KeyView,
  LeaseRequest,
  ReleaseRequest,
} from '../../../../lib/line/store.js';
import { stateKeyOf } from '../../../../lib/stores/redis/key-names.js';
import { acquireReplyOf, keyViewOf } from '../../../../lib/stores/redis/replies.js';
import type { Script, ScriptShape } from '../../../../lib/stores/redis/script.js';
import * as scripts from '../../../../lib/stores/redis/scripts.generated.js';

const CLOCK_KEY = 'test:now';

const SERVER_CLOCK = readFileSync('lib/stores/redis/lua/include/time.lua', 'utf8')
  .split('\n')
  .filter((one) => one.trim() !== '' && !one.startsWith('--'))
  .join('\n');
const TEST_CLOCK = `local function now_us()\n  return tonumber(redis.call('GET', '${CLOCK_KEY}'))\nend`;

/** The scripts as they are sent, but with a clock that the test sets. */
export class TimedScripts {
  constructor(
    private readonly client: Redis,
    private readonly toleranceMs = 10_000,
  ) {}

  async setNow(nowUs: number): Promise<void> {
    await this.client.set(CLOCK_KEY, nowUs);
  }

  async acquire(request: AcquireRequest, session: string): Promise<AcquireReply> {
    const { keys, owner, capacity, weight, leaseMs, takesPlace, replaces = '', leastTokens = [] } = request;
    const manner = takesPlace ? 'line' : 'none';
    const args = [owner, session, capacity, weight, leaseMs * 1000, manner, replaces, this.toleranceMs];
    return acquireReplyOf(await this.run(scripts.acquire, keys, [...args, ...leastTokens]), leaseMs);
  }

  async renew(leases: readonly LeaseRequest[]): Promise<number[]> {
    const args = leases.flatMap(({ owner, leaseMs }) => [owner, leaseMs * 1000]);
    const keys = leases.map(({ key }) => key);
    const rests = await this.run(scripts.renew, keys, [this.toleranceMs, '0', ...args]);
    return rests.map((rest) => rest / 1000);
  }

  async release({ keys, owner, refuses, keepMs }: ReleaseRequest): Promise<void> {
    const args = [owner, refuses ? '1' : '0', keepMs * 1000, this.toleranceMs, '0'];
    await this.run(scripts.release, keys, args);
  }

  async inspect(key: string): Promise<KeyView> {
    return keyViewOf(await this.run(scripts.inspect, [key], []));
  }

  async forceRelease(key: string): Promise<boolean> {
    return (await this.run(scripts.forceRelease, [key], [this.toleranceMs, '0'])) === 1;
  }

  private async run<Shape extends ScriptShape>(
    script: Script<Shape>,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<Shape['returns']> {
    const inputs = [keys.length, ...keys.map(stateKeyOf), ...args] as const;
    const { sha1, lua } = timed(script);
    try {
      return await this.client.evalsha(sha1, ...inputs);
    } catch (error) {
      if (!String(error).includes('NOSCRIPT')) throw error;
      return this.client.eval(lua, ...inputs);
    }
  }
}

const known = new Map<string, { sha1: string; lua: string }>();

function timed({ name, lua }: { name: string; lua: string }): { sha1: string; lua: string } {
  let made = known.get(name);
  if (!made) {
    if (!lua.includes(SERVER_CLOCK)) throw new Error(`${name} does not take the time from include/time.lua`);
    const text = lua.replace(SERVER_CLOCK, TEST_CLOCK);
    made = { lua: text, sha1: createHash('sha1').update(text).digest('hex') };
    known.set(name, made);
  }
  return made;
}
