import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HeldLock } from '../../../lib/core/held-lock.js';
import { Hold } from '../../../lib/core/hold.js';
import { LockEventPublisher } from '../../../lib/core/lock-events.js';
import { RequestStory } from '../../../lib/core/request-story.js';
import { budgetOf, type ClientWorld, clientWorld } from './fixture.js';

const KINDS = ['waiting', 'granted', 'ended', 'refused'];
const heard: string[] = [];
const note = (_: unknown, name: string | symbol): void => void heard.push(String(name).split(':')[1]!);

let world: ClientWorld;
let hold: Hold;

beforeEach(() => {
  heard.length = 0;
  for (const kind of KINDS) subscribe(`nestjs-distributed-lock:${kind}`, note);
  world = clientWorld();
  const init = {
    keys: ['test:a'],
    owner: 'o'.repeat(32),
    leaseMs: 1_000,
    isRenewed: true,
    isUncertain: false,
  };
  hold = new Hold(init, world.clock);
  hold.grant(0, [{ token: 64, restMs: 1_000 }]);
});
afterEach(() => {
  for (const kind of KINDS) unsubscribe(`nestjs-distributed-lock:${kind}`, note);
});

const begin = (): RequestStory => {
  const budget = budgetOf(world, 5_000);
  const events = new LockEventPublisher();
  return new RequestStory({ events, store: 's', keys: ['a'], template: undefined, waitMs: 5_000, budget });
};
const lockOf = (story: RequestStory): HeldLock => {
  const leave = (): Promise<void> => Promise.resolve();
  return new HeldLock({
    client: world.client,
    turn: { hold, tokens: hold.tokens, isLocalHandOff: false, leave, onLost: undefined },
    keys: ['a'],
    capacity: 1,
    weight: 1,
    onOver: (lock, end) => story.ended(lock, end),
    onThrown: () => undefined,
  });
};

describe('what a request tells of itself', () => {
  it('begins with the grant where the hold was lost before its caller knew of it', () => {
    hold.lose({ why: 'test', kind: 'not-held' });
    const story = begin();
    story.granted(lockOf(story));
    expect(heard).toEqual(['waiting', 'granted', 'ended']);
  });

  it('is a refusal and nothing else where a hold ended that was never told of', async () => {
    const story = begin();
    await lockOf(story).discard();
    story.refused(new Error('closing'));
    expect(heard).toEqual(['waiting', 'refused']);
  });

  it('ends once', async () => {
    const story = begin();
    const lock = lockOf(story);
    story.granted(lock);
    await lock.leave();
    story.ended(lock, 'lost');
    expect(heard).toEqual(['waiting', 'granted', 'ended']);
  });
});
