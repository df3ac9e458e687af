import { describe, expect, it } from '@jest/globals';
import { LockStoreError } from '../../../../lib/errors.js';
import type { AcquireReply, AcquireRequest, ReleaseRequest } from '../../../../lib/line/store.js';
import { acquireInTurn } from '../../../../lib/stores/redis/acquire-in-turn.js';
import { requestFor } from '../../../support/open-session.js';

/** What is answered for a group, by its first key. */
type Answers = Readonly<Record<string, AcquireReply>>;

const held = (...tokens: number[]): AcquireReply => ({
  kind: 'held',
  grants: tokens.map((token) => ({ token, restMs: 1_000 })),
});
const busy: AcquireReply = { kind: 'busy', grants: [], lookInMs: 70 };

/** Plays the groups through; tells the reply, and what was sent in which order. */
async function play(
  answers: Answers,
  { takesPlace, release }: { takesPlace: boolean; release?: () => Promise<void> },
): Promise<{ reply: AcquireReply | LockStoreError; sent: string[] }> {
  const sent: string[] = [];
  const steps = {
    acquire: async ({ keys }: AcquireRequest) => {
      sent.push(`acquire ${keys.join()}`);
      return answers[keys[0]!]!;
    },
    release: async ({ keys, refuses }: ReleaseRequest) => {
      sent.push(`release ${keys.join()}${refuses ? ' for good' : ''}`);
      await release?.();
    },
  };
  const request = requestFor('', { keys: ['a', 'b', 'c'], takesPlace });
  const reply = await acquireInTurn(request, [['a'], ['b', 'c']], steps).catch(
    (error: LockStoreError) => error,
  );
  return { reply, sent };
}

describe('keys of several slots', () => {
  it('are taken in order', async () => {
    const { reply, sent } = await play({ a: held(64), b: held(128, 192) }, { takesPlace: true });
    expect(reply).toEqual(held(64, 128, 192));
    expect(sent).toEqual(['acquire a', 'acquire b,c']);
  });

  it('are kept up to the first that is busy, by who waits for it', async () => {
    const part: AcquireReply = { ...busy, grants: [{ token: 128, restMs: 1_000 }] };
    const { reply, sent } = await play({ a: held(64), b: part }, { takesPlace: true });
    expect(reply).toMatchObject({ kind: 'busy', lookInMs: 70, grants: [{ token: 64 }, { token: 128 }] });
    expect(sent).toEqual(['acquire a', 'acquire b,c']);
  });

  it('are not asked for behind one that is busy', async () => {
    const { reply, sent } = await play({ a: busy }, { takesPlace: true });
    expect([reply, sent]).toEqual([busy, ['acquire a']]);
  });

  it('are given back before the answer, by who does not wait', async () => {
    const { reply, sent } = await play({ a: held(64), b: busy }, { takesPlace: false });
    expect(reply).toEqual(busy);
    expect(sent).toEqual(['acquire a', 'acquire b,c', 'release a for good']);
  });

  it('are given back where the owner was given up before', async () => {
    const { reply, sent } = await play({ a: held(64), b: { kind: 'refused' } }, { takesPlace: true });
    expect(reply).toEqual({ kind: 'refused' });
    expect(sent).toEqual(['acquire a', 'acquire b,c', 'release a for good']);
  });

  it('that could not be given back are asked for no more by the same owner', async () => {
    const release = (): Promise<void> => Promise.reject(new Error('cut'));
    const { reply } = await play({ a: held(64), b: busy }, { takesPlace: false, release });
    expect(reply).toBeInstanceOf(LockStoreError);
    expect(reply).toMatchObject({ isTransient: false, key: 'a' });
  });
});
