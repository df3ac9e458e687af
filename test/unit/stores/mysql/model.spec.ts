import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KeyView } from '../../../../lib/line/store.js';
import {
  answer,
  chunks,
  type Command,
  displacement,
  Play,
  sorted,
  START_US,
} from '../../../support/command-play.js';
import { MariadbServer } from '../../../support/mariadb-server.js';
import { ModelSpace } from '../../../support/model-space.js';
import { seeds } from '../../../support/seeded.js';
import { TimedCommands } from './timed-commands.js';

/**
 * Random commands, several at once on connections of their own: what the procedures answer and keep is what the model
 * says for one order of the commands: the order in which they had their row. Replay one with SEED=n.
 */

const ROUNDS_PER_SEED = 10;
const LANES = 4;

let server: MariadbServer;
beforeAll(async () => {
  server = await MariadbServer.start();
});
afterAll(async () => {
  await server.stop();
});

interface Outcome {
  readonly replies: readonly unknown[];
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
    for (const index of order) expected[index] = await answer(commands[index]!, model);
    const views = [];
    for (const key of keys) views.push(sorted(await timed.inspect(key, model.nowUs)));
    return {
      actual: { replies, views },
      expected: { replies: expected, views: keys.map((key) => sorted(model.inspect(key))) },
    };
  }
}

describe.each(['READ COMMITTED', 'REPEATABLE READ'])(
  'the procedures, beside the model, where the session has %s',
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
        for (const key of play.allKeys) {
          await server.admin.query(`INSERT INTO timed (id, holders, line, refused) VALUES (?, '', '', '')`, [
            Buffer.from(key),
          ]);
        }
      }
      for (let round = 0; round < ROUNDS_PER_SEED; round++) {
        both.model.nowUs += play.stepUs();
        const commands = Array.from({ length: (round % LANES) + 1 }, () => play.command());
        const { actual, expected } = await both.compare(commands);
        expect({ seed, round, commands, ...actual }).toEqual({ seed, round, commands, ...expected });
      }
    }

    it.each(chunks(seeds(400), 100))('answer and keep the same: seeds %i to %i', async (first, last) => {
      for (let seed = first; seed <= last; seed++) await expectSame(seed);
    });

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
