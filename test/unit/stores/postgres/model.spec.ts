import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { KeyView } from '../../../../lib/line/store.js';
import {
  answer,
  chunks,
  type Command,
  displacement,
  Play,
  SESSIONS,
  sorted,
  START_US,
} from '../../../support/command-play.js';
import { ModelSpace } from '../../../support/model-space.js';
import { PostgresServer } from '../../../support/postgres-server.js';
import { seeds } from '../../../support/seeded.js';
import { until } from '../../../support/until.js';
import { TimedCommands } from './timed-commands.js';

/**
 * Random commands, several at once on connections of their own: what the functions answer, send and keep is what the
 * model says for one order of the commands: the order in which they had their row. Replay one with SEED=n.
 */

const ROUNDS_PER_SEED = 10;
const LANES = 4;
const CHANNEL = 'nestjs-distributed-lock:';

let server: PostgresServer;
let ear: pg.Client;
let heard: string[] = [];
let marks = 0;
let lastMark = 0;

beforeAll(async () => {
  server = await PostgresServer.start();
  ear = new pg.Client({ connectionString: server.url });
  await ear.connect();
  ear.on('notification', ({ channel, payload }) => {
    if (channel === 'mark') lastMark = Number(payload);
    else heard.push(`${SESSIONS[Number(channel.slice(CHANNEL.length))]} ${payload}`);
  });
  const channels = ['mark', ...SESSIONS.map((_, index) => `${CHANNEL}${index}`)];
  for (const channel of channels) await ear.query(`LISTEN "${channel}"`);
});
afterAll(async () => {
  await ear.end();
  await server.stop();
});

/** What came since the last time. Messages come in the order of the commits: the last is known by one that follows it. */
async function messages(): Promise<string[]> {
  const mark = ++marks;
  await ear.query(`NOTIFY mark, '${mark}'`);
  if (lastMark < mark) await until('the mark came', () => lastMark >= mark);
  const all = heard;
  heard = [];
  return all.sort();
}

interface Outcome {
  readonly replies: readonly unknown[];
  readonly sent: readonly string[];
  readonly views: readonly KeyView[];
}

/** The two sides of one story, and the keys it is about. */
class Comparison {
  readonly model = new ModelSpace();

  constructor(
    private readonly timed: TimedCommands,
    private readonly keys: readonly string[],
  ) {
    this.model.nowUs = START_US;
  }

  async compare(commands: readonly Command[]): Promise<{ actual: Outcome; expected: Outcome }> {
    const { model, timed, keys } = this;
    const { replies, order } = await timed.together(commands, model.nowUs);
    const expected: unknown[] = [];
    const sent: string[] = [];
    for (const index of order) {
      model.calls.length = 0;
      expected[index] = await answer(commands[index]!, model);
      // The same message twice in one transaction is sent once.
      sent.push(...new Set(model.calls.map(({ kind, session, owner }) => `${session} ${kind} ${owner}`)));
    }
    const views = [];
    for (const key of keys) views.push(sorted(await timed.inspect(key, model.nowUs)));
    return {
      actual: { replies, sent: await messages(), views },
      expected: {
        replies: expected,
        sent: sent.sort(),
        views: keys.map((key) => sorted(model.inspect(key))),
      },
    };
  }
}

describe.each(['read committed', 'repeatable read'])(
  'the functions, beside the model, at %s',
  (isolation) => {
    let timed: TimedCommands;
    beforeAll(async () => {
      timed = await TimedCommands.open(server.url, isolation, LANES);
      await server.admin.query('TRUNCATE timed');
    });
    afterAll(async () => {
      await timed.close();
    });

    async function expectSame(seed: number): Promise<void> {
      const play = new Play(seed);
      const both = new Comparison(timed, play.allKeys);
      // A row that is not there cannot be locked: over several keys there would be an order for each of them.
      if (play.allKeys.length > 1) {
        const sql = `INSERT INTO timed (key) SELECT convert_to(name, 'UTF8') FROM unnest($1::text[]) AS name`;
        await server.admin.query(sql, [play.allKeys]);
      }
      for (let round = 0; round < ROUNDS_PER_SEED; round++) {
        both.model.nowUs += play.stepUs();
        const commands = Array.from({ length: (round % LANES) + 1 }, () => play.command());
        const { actual, expected } = await both.compare(commands);
        expect({ seed, round, commands, ...actual }).toEqual({ seed, round, commands, ...expected });
      }
    }

    it.each(chunks(seeds(400), 100))(
      'answer, send and keep the same: seeds %i to %i',
      async (first, last) => {
        for (let seed = first; seed <= last; seed++) await expectSame(seed);
      },
    );

    it('take back the call of one that is displaced by another that wakes up', async () => {
      const both = new Comparison(timed, ['displaced']);
      const startUs = both.model.nowUs;
      for (const [step, [atUs, command]] of displacement('displaced').entries()) {
        both.model.nowUs = startUs + atUs;
        const { actual, expected } = await both.compare([command]);
        expect({ step, ...actual }).toEqual({ step, ...expected });
      }
      expect(both.model.inspect('displaced').holders).toEqual([]);
    });
  },
);
