import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
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
import { RedisServer } from '../../../support/redis-server.js';
import { seeds } from '../../../support/seeded.js';
import { TimedScripts } from './timed-scripts.js';

/** Random command sequences: what the scripts answer, send and keep is what the model says. Replay one with SEED=n. */

const COMMANDS_PER_SEED = 40;
const CHANNEL = 'nestjs-distributed-lock:';

let server: RedisServer;
let ear: Redis;
let heard: string[];
let onEnd: () => void;

beforeAll(async () => {
  server = await RedisServer.start();
  ear = server.client();
  ear.on('message', (channel: string, text: string) => {
    if (channel === 'end') onEnd();
    else heard.push(`${channel} ${text}`);
  });
  await ear.subscribe(...SESSIONS.map((session) => CHANNEL + session), 'end');
});

afterAll(async () => {
  await server.stop();
});

/** Messages come on another connection: the last of a command is known by one that follows it. */
async function messages(): Promise<string[]> {
  const ended = new Promise<void>((resolve) => {
    onEnd = resolve;
  });
  await server.admin.publish('end', 'end');
  await ended;
  return heard.sort();
}

/** The two sides of one story, and the keys it is about. */
class Comparison {
  readonly model = new ModelSpace();
  readonly scripts = new TimedScripts(server.admin);

  constructor(private readonly keys: readonly string[]) {
    this.model.nowUs = START_US;
  }

  /** The command, on both sides: replies, messages, and what is left. */
  async compare(command: Command): Promise<{ actual: Outcome; expected: Outcome }> {
    const { model, scripts, keys } = this;
    model.calls.length = 0;
    heard = [];
    await scripts.setNow(model.nowUs);
    const [expected, actual] = [await answer(command, model), await answer(command, scripts)];
    const sent = model.calls
      .map(({ kind, session, owner }) => `${CHANNEL}${session} ${kind} ${owner}`)
      .sort();
    const views = await Promise.all(keys.map((key) => scripts.inspect(key)));
    return {
      actual: { command, reply: actual, sent: await messages(), views: views.map(sorted) },
      expected: { command, reply: expected, sent, views: keys.map((key) => sorted(model.inspect(key))) },
    };
  }
}

interface Outcome {
  readonly command: Command;
  readonly reply: unknown;
  readonly sent: readonly string[];
  readonly views: readonly KeyView[];
}

async function expectSame(seed: number): Promise<void> {
  const play = new Play(seed);
  const both = new Comparison(play.allKeys);
  for (let step = 0; step < COMMANDS_PER_SEED; step++) {
    both.model.nowUs += play.stepUs();
    const { actual, expected } = await both.compare(play.command());
    expect({ seed, step, ...actual }).toEqual({ seed, step, ...expected });
  }
}

describe('the scripts, beside the model', () => {
  it.each(chunks(seeds(1_000), 100))(
    'answer, send and keep the same: seeds %i to %i',
    async (first, last) => {
      for (let seed = first; seed <= last; seed++) await expectSame(seed);
    },
  );

  it('take back the call of one that is displaced by another that wakes up', async () => {
    const both = new Comparison(['displaced']);
    const story = displacement('displaced');
    const startUs = both.model.nowUs;
    for (const [step, [atUs, command]] of story.entries()) {
      both.model.nowUs = startUs + atUs;
      const { actual, expected } = await both.compare(command);
      expect({ step, ...actual }).toEqual({ step, ...expected });
    }
    expect(both.model.inspect('displaced').holders).toEqual([]);
  });
});
