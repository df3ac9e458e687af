import type { Redis } from 'ioredis';

/** What the server did while something ran. Its own counters mix what clients sent with what ran inside scripts. */
export interface CommandCounts {
  /** Scripts that clients sent: `evalsha` and `eval`. */
  readonly scripts: number;
  /** Commands that ran inside scripts, messages apart. */
  readonly inner: number;
  /** Messages published. */
  readonly messages: number;
  /** Everything else, by name: what a client sent beside scripts. */
  readonly others: Readonly<Record<string, number>>;
}

const SCRIPTS = new Set(['evalsha', 'eval']);
/** All that the scripts of the store run; a test that sends one of these itself must not count. */
const INNER = new Set(
  'time get set del hget hset hdel zadd zrem zrange zrank zscore pexpire publish'.split(' '),
);
const OWN = /^(info|config)/;

/** Counts what the server does during `work`. Nobody else may use the server meanwhile. */
export async function countCommands(admin: Redis, work: () => Promise<unknown>): Promise<CommandCounts> {
  await admin.config('RESETSTAT');
  await work();
  const text = await admin.info('commandstats');
  const calls = [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(
    ([, name, count]) => [name!, Number(count)] as const,
  );
  const sum = (names: (name: string) => boolean): number =>
    calls.filter(([name]) => names(name)).reduce((total, [, count]) => total + count, 0);
  return {
    scripts: sum((name) => SCRIPTS.has(name)),
    inner: sum((name) => INNER.has(name) && name !== 'publish'),
    messages: sum((name) => name === 'publish'),
    others: Object.fromEntries(
      calls.filter(([name]) => !SCRIPTS.has(name) && !INNER.has(name) && !OWN.test(name)),
    ),
  };
}

/** How often the server reads from a socket during `work`. Nobody else may use the server meanwhile. */
export async function countReads(admin: Redis, work: () => Promise<unknown>): Promise<number> {
  const reads = async (): Promise<number> =>
    Number(/^total_reads_processed:(\d+)/m.exec(await admin.info('stats'))?.[1]);
  const before = await reads();
  await work();
  return (await reads()) - before;
}
