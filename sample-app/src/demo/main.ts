import { randomInt } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lineOf } from '../boot.js';
import { openHistory } from '../history/open-history.js';
import type { VoteHistory } from '../history/vote-history.js';
import { type Database, readSettings } from '../settings.js';
import { type Audit, auditRun } from './audit.js';
import { CleanUp } from './clean-up.js';
import { startInstances } from './instances.js';
import { startRedis } from './lock-server.js';
import { type DemoOptions, readOptions, usage } from './options.js';
import { Progress } from './progress.js';
import { send } from './send.js';
import { type Ballot, planStorm } from './storm.js';
import { table } from './table.js';
import { complaints } from './verdict.js';

/** What both runs need. */
interface Stage {
  readonly options: DemoOptions;
  readonly ballots: readonly Ballot[];
  readonly instances: readonly string[];
  readonly history: VoteHistory;
  readonly signal: AbortSignal;
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Three instances, a storm of duplicate votes without the lock, the same storm with it, and the table of both.
 * @returns the exit status: 0 only where the race was lost without the lock and every vote counts once with it
 */
export async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const stop = new AbortController();
  let interrupted: number | undefined;
  for (const [signal, status] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      interrupted ??= status;
      stop.abort(new Error(`Stopped by ${signal}.`));
    });
  }
  const cleanUp = new CleanUp();
  try {
    const options = readOptions(args);
    if (options === undefined) return say(usage());
    return await play(options, await prepare(options, { env, cleanUp, signal: stop.signal }));
  } catch (error) {
    process.stderr.write(`${lineOf(error)}\n`);
    return interrupted ?? 1;
  } finally {
    await cleanUp.run();
  }
}

async function prepare(
  options: DemoOptions,
  { env, cleanUp, signal }: { env: NodeJS.ProcessEnv; cleanUp: CleanUp; signal: AbortSignal },
): Promise<Stage> {
  const given = readSettings(env);
  const folder = await mkdtemp(join(tmpdir(), 'voting-demo-'));
  cleanUp.addFolder(folder);
  const database: Database =
    given.database.kind === 'file' && given.database.isDefault
      ? { kind: 'file', path: join(folder, 'votes.db'), isDefault: false }
      : given.database;
  const history = await openHistory(database);
  cleanUp.add(() => history.onApplicationShutdown());
  signal.throwIfAborted();
  const lockUrl = env['LOCK_URL'] || (await startRedis(folder, cleanUp));
  signal.throwIfAborted();
  const where = database.kind === 'file' ? { DATABASE_FILE: database.path } : { DATABASE_URL: database.url };
  const { DATABASE_URL: _url, DATABASE_FILE: _file, ...rest } = env;
  const instances = await startInstances({ ...rest, ...where, LOCK_URL: lockUrl }, cleanUp);
  signal.throwIfAborted();
  const ballots = planStorm({ ...options, instances: instances.length });
  const { users, duplicates, seed } = options;
  say(
    `${instances.length} instances, locks in ${env['LOCK_URL'] ? 'LOCK_URL' : 'a redis-server for the occasion'}, ` +
      `${users} voters × ${duplicates} votes (seed ${seed}), ${given.workMs} ms between look-up and insert`,
  );
  return { options, ballots, instances, history, signal };
}

async function play(options: DemoOptions, stage: Stage): Promise<number> {
  const runs = {
    unprotected: await storm('/votes/unprotected', stage),
    protected: await storm('/votes', stage),
  };
  say(`\n${table(runs)}\n`);
  const wrong = complaints(runs);
  if (wrong.length === 0)
    return say(`OK: each of ${options.users} voters counts exactly once under the lock.`);
  say(`FAILED: ${wrong.join('; ')}.`);
  return 1;
}

async function storm(path: string, stage: Stage): Promise<Audit> {
  const { options, ballots, instances, history, signal } = stage;
  const voteSeq = await emptyPoll(history);
  const label = path === '/votes' ? 'protected  ' : 'unprotected';
  const progress = new Progress(label, ballots.length, process.stdout);
  const replies = await send(ballots, {
    urls: instances.map((url) => `${url}${path}`),
    voteSeq,
    concurrency: options.concurrency,
    signal,
    onReply: () => progress.step(),
  });
  return auditRun(replies, await history.votesOf(voteSeq), options.users);
}

// The history may be one that was used before.
async function emptyPoll(history: VoteHistory): Promise<number> {
  for (;;) {
    const voteSeq = randomInt(1, 2 ** 47);
    const { votes } = await history.tally(voteSeq);
    if (votes === 0) return voteSeq;
  }
}

function say(text: string): 0 {
  process.stdout.write(`${text}\n`);
  return 0;
}
