import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type LossSignal, lossSignal } from '../../../lib/core/loss-signal.js';

let loss: LossSignal;
let heard: string[];
let thrown: unknown[];
let uncaught: unknown[];
const note = (name: string) => (): void => void heard.push(name);
const onUncaught = (error: unknown): void => void uncaught.push(error);

beforeEach(() => {
  [heard, thrown, uncaught] = [[], [], []];
  loss = lossSignal((error) => thrown.push(error));
  process.on('uncaughtException', onUncaught);
});

afterEach(() => {
  process.off('uncaughtException', onUncaught);
});

/** Node rethrows what a listener throws in a turn of its own. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

const FAILURE = new Error('a listener failed');
const fails = (): never => {
  throw FAILURE;
};

describe('a loss signal', () => {
  it('tells its listeners in order, once, with the reason', () => {
    loss.signal.addEventListener('abort', note('first'));
    loss.signal.addEventListener('abort', (event) => {
      heard.push(String((event.target as AbortSignal).reason));
    });
    loss.abort('lost');
    loss.abort('again');
    expect(heard).toEqual(['first', 'lost']);
    expect([loss.signal.aborted, loss.signal.reason]).toEqual([true, 'lost']);
  });

  it('never keeps a listener from being told because another throws, nor ends the process', async () => {
    loss.signal.addEventListener('abort', fails);
    loss.signal.addEventListener('abort', note('second'));
    loss.abort('lost');
    await settled();
    expect([heard, thrown, uncaught]).toEqual([['second'], [FAILURE], []]);
  });

  it('guards an onabort that throws as well', async () => {
    loss.signal.onabort = fails;
    loss.signal.addEventListener('abort', note('second'));
    loss.abort('lost');
    await settled();
    expect([heard, thrown, uncaught]).toEqual([['second'], [FAILURE], []]);
  });

  it('calls onabort, and not one that was taken back', () => {
    loss.signal.onabort = note('replaced');
    loss.signal.onabort = note('onabort');
    loss.abort('lost');
    expect(heard).toEqual(['onabort']);
  });

  it('guards an object with handleEvent', async () => {
    loss.signal.addEventListener('abort', { handleEvent: fails } as never);
    loss.signal.addEventListener('abort', { handleEvent: note('object') } as never);
    loss.abort('lost');
    await settled();
    expect([heard, thrown, uncaught]).toEqual([['object'], [FAILURE], []]);
  });

  it('does not tell a listener that was removed', () => {
    const listener = note('removed');
    loss.signal.addEventListener('abort', listener);
    loss.signal.addEventListener('abort', note('kept'));
    loss.signal.removeEventListener('abort', listener);
    loss.abort('lost');
    expect(heard).toEqual(['kept']);
  });

  it('adds a listener once, however often it is added', () => {
    const listener = note('once');
    loss.signal.addEventListener('abort', listener);
    loss.signal.addEventListener('abort', listener);
    loss.abort('lost');
    expect(heard).toEqual(['once']);
  });

  it('knows once: a listener is told of one event', () => {
    loss.signal.addEventListener('abort', note('once'), { once: true });
    loss.signal.dispatchEvent(new Event('abort'));
    loss.signal.dispatchEvent(new Event('abort'));
    expect(heard).toEqual(['once']);
  });

  it('takes no listener where null is given', () => {
    expect(() => loss.signal.addEventListener('abort', null as never)).not.toThrow();
    expect(() => loss.signal.removeEventListener('abort', null as never)).not.toThrow();
  });

  it('ends what the platform does with it', async () => {
    const slept = sleep(1e8, undefined, { signal: loss.signal }).catch((error: Error) => error.name);
    const event = once(loss.signal, 'abort');
    const any = AbortSignal.any([loss.signal]);
    loss.abort('lost');
    expect(await slept).toBe('AbortError');
    await event;
    expect(any.reason).toBe('lost');
  });
});
