import { describe, expect, it } from '@jest/globals';
import type { AcquireReply, AcquireRequest } from '../../../../lib/line/store.js';
import { KeyTurns } from '../../../../lib/stores/sql/key-turns.js';
import { type Deferred, deferred } from '../../../../lib/util/deferred.js';
import { requestFor } from '../../../support/open-session.js';

const REFUSED: AcquireReply = { kind: 'refused' };

/** Statements that are answered by hand. */
function byHand() {
  const sent: { owners: string[]; answer: Deferred<readonly AcquireReply[]> }[] = [];
  const turns = new KeyTurns((requests: readonly AcquireRequest[]) => {
    const answer = deferred<readonly AcquireReply[]>();
    sent.push({ owners: requests.map(({ owner }) => owner), answer });
    return answer.promise;
  });
  return { turns, sent, settled: () => new Promise<void>((resolve) => setImmediate(resolve)) };
}

describe('the turns of a key', () => {
  it('send the first request at once, and what is asked meanwhile together, in order', async () => {
    const { turns, sent, settled } = byHand();
    const requests = Array.from({ length: 4 }, () => requestFor('k'));
    const replies = requests.map((request) => turns.ask(request));
    expect(sent.map(({ owners }) => owners)).toEqual([[requests[0]!.owner]]);
    sent[0]!.answer.resolve([REFUSED]);
    await settled();
    expect(sent[1]!.owners).toEqual(requests.slice(1).map(({ owner }) => owner));
    const busy = requests.slice(1).map((_, at): AcquireReply => ({ kind: 'busy', grants: [], lookInMs: at }));
    sent[1]!.answer.resolve(busy);
    expect(await Promise.all(replies)).toEqual([REFUSED, ...busy]);
  });

  it('do not let keys wait for one another', () => {
    const { turns, sent } = byHand();
    void turns.ask(requestFor('a'));
    void turns.ask(requestFor('b'));
    expect(sent).toHaveLength(2);
  });

  it('never put more than fifty into a statement', async () => {
    const { turns, sent, settled } = byHand();
    for (let count = 0; count < 102; count++) void turns.ask(requestFor('k'));
    for (let at = 0; at < 4; at++) {
      const { owners, answer } = sent[at]!;
      answer.resolve(owners.map(() => REFUSED));
      await settled();
    }
    expect(sent.map(({ owners }) => owners.length)).toEqual([1, 50, 50, 1]);
  });

  it('tell a failure to those who were in it, and go on with the next', async () => {
    const { turns, sent, settled } = byHand();
    const [first, second] = [turns.ask(requestFor('k')), turns.ask(requestFor('k'))];
    sent[0]!.answer.reject(new Error('cut'));
    await expect(first).rejects.toThrow('cut');
    await settled();
    sent[1]!.answer.resolve([REFUSED]);
    expect(await second).toEqual(REFUSED);
    await settled();
    void turns.ask(requestFor('k'));
    expect(sent).toHaveLength(3);
  });
});
