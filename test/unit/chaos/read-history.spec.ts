import { describe, expect, it } from '@jest/globals';
import { type LockEvent, spansByKey } from '../../../lib/testing/history.js';
import { endsOf } from '../../chaos/read-history.js';

const asked = { client: '0.0', key: 'a', capacity: 1, weight: 1, waits: true };

/** Of a process: 1 waits, 2 holds and was renewed unseen, 3 was told that it lost, 4 has given back. */
const events: LockEvent[] = [
  ...[1, 2, 3, 4].map((request): LockEvent => ({ request, atMs: request, kind: 'asked', ...asked })),
  ...[2, 3, 4].map((request): LockEvent => ({
    request,
    atMs: 10,
    kind: 'granted',
    owner: String(request),
    token: request,
    untilMs: 50,
  })),
  { request: 3, atMs: 20, kind: 'lost' },
  { request: 4, atMs: 30, kind: 'released' },
];

describe('a process that was killed', () => {
  const spans = (killedMs: number) =>
    spansByKey([...events, ...endsOf(events, killedMs)])
      .get('a')!
      .map(({ outcome, endMs, answeredMs }) => ({ outcome, ms: outcome === 'granted' ? endMs : answeredMs }));

  it('waited and believed until then, whatever its deadline was when it wrote of it last', () => {
    expect(spans(1_000)).toEqual([
      { outcome: 'timedOut', ms: 1_000 },
      { outcome: 'granted', ms: 1_000 },
      { outcome: 'granted', ms: 20 },
      { outcome: 'granted', ms: 30 },
    ]);
  });

  it('lived until the last that it wrote', () => {
    expect(spans(25)[1]).toEqual({ outcome: 'granted', ms: 30 });
  });
});
