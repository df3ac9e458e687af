import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Happening, LockEvent } from '../../../lib/testing/history.js';
import type { Record as Campaigned, Struck } from '../../chaos/campaign.js';
import { judge } from '../../chaos/judge.js';
import { reportOf } from '../../chaos/report.js';
import { Resource } from '../../chaos/resource.js';
import { timeline } from '../../chaos/timeline.js';
import { TOPOLOGIES } from '../../chaos/topologies.js';

let history: LockEvent[];
let requests: number;
let campaign: Campaigned;

beforeEach(() => {
  history = [];
  requests = 0;
  campaign = {
    topology: TOPOLOGIES.get('redis')!,
    seed: 1,
    slots: 4,
    watchdogMs: 3_000,
    startMs: 0,
    endMs: 60_000,
    history,
    failures: [],
    struck: [],
    stalls: [],
    lives: [],
    resource: new Resource(),
    bounds: undefined,
    leftovers: [],
  };
});

interface Story {
  readonly slot?: number;
  readonly askedMs?: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly token: number;
  readonly isLost?: boolean;
}

/** A request for the key `a` that was granted, and held. */
function hold({ slot = 0, fromMs, toMs, token, askedMs = fromMs - 1, isLost = false }: Story): number {
  const request = ++requests;
  const note = (atMs: number, what: Happening): void =>
    void history.push({ request, atMs, ...what } as LockEvent);
  note(askedMs, { kind: 'asked', client: `${slot}.0`, key: 'a', capacity: 1, weight: 1, waits: true });
  note(fromMs, { kind: 'granted', owner: `${request}`, token });
  if (isLost) note(toMs, { kind: 'lost' });
  note(toMs, { kind: 'released' });
  return request;
}

const struck = (parts: Partial<Struck>): Struck => ({
  kind: 'forget',
  slot: undefined,
  startMs: 1_000,
  endMs: 2_000,
  ...parts,
});
const kindsOf = (parts: Partial<Campaigned> = {}): string[] =>
  judge({ ...campaign, ...parts }).faults.map(({ kind }) => kind);

describe('two who believe at once', () => {
  beforeEach(() => {
    hold({ slot: 0, fromMs: 500, toMs: 3_000, token: 100 });
    hold({ slot: 1, fromMs: 2_100, toMs: 4_000, token: 200 });
  });

  it('break a promise', () => {
    expect(kindsOf()).toEqual(['overlap']);
  });

  it('are permitted where the store forgot the first, for a renewal period', () => {
    const verdict = judge({ ...campaign, struck: [struck({})] });
    expect(verdict.faults).toEqual([]);
    expect(verdict.permitted).toEqual([{ key: 'a', atMs: 2_100, ms: 900 }]);
  });

  it('are not permitted where it forgot before the first was granted, or after the second', () => {
    expect(kindsOf({ struck: [struck({ startMs: 100, endMs: 200 })] })).toEqual(['overlap']);
    expect(kindsOf({ struck: [struck({ startMs: 2_200, endMs: 2_300 })] })).toEqual(['overlap']);
  });

  it('are not permitted on a store that keeps what it granted', () => {
    expect(kindsOf({ struck: [struck({ kind: 'restart' })] })).toEqual(['overlap']);
    const topology = TOPOLOGIES.get('redis-replicas')!;
    expect(kindsOf({ topology, struck: [struck({ kind: 'fail-over' })] })).toEqual(['overlap']);
  });

  it('are permitted on a connection that holds and was cut, until its owner has heard of it', () => {
    const topology = TOPOLOGIES.get('mysql-transaction')!;
    const cut = struck({ kind: 'cut', slot: 0, startMs: 2_090, endMs: 2_095 });
    expect(kindsOf({ topology, struck: [cut] })).toEqual(['overlap']);
    history.splice(0);
    hold({ slot: 0, fromMs: 500, toMs: 2_500, token: 100 });
    hold({ slot: 1, fromMs: 2_100, toMs: 4_000, token: 200 });
    expect(kindsOf({ topology, struck: [cut] })).toEqual([]);
    expect(kindsOf({ topology, struck: [{ ...cut, slot: 1 }] })).toEqual(['overlap']);
    expect(kindsOf({ struck: [cut] })).toEqual(['overlap']);
  });

  it('are permitted for no longer, unless the first could not hear of it', () => {
    hold({ slot: 0, fromMs: 10_500, toMs: 13_700, token: 300 });
    hold({ slot: 1, fromMs: 12_100, toMs: 14_000, token: 400 });
    const forgot = struck({ startMs: 11_000, endMs: 12_000 });
    expect(kindsOf({ struck: [struck({}), forgot] })).toEqual(['overlap']);
    const stopped = struck({ kind: 'stop', slot: 0, startMs: 11_500, endMs: 13_600 });
    expect(kindsOf({ struck: [struck({}), forgot, stopped] })).toEqual([]);
    const other = { ...stopped, slot: 1 };
    expect(kindsOf({ struck: [struck({}), forgot, other] })).toEqual(['overlap']);
  });
});

describe('a token that fell', () => {
  it('breaks a promise, whatever the store forgot', () => {
    hold({ fromMs: 500, toMs: 900, token: 200 });
    hold({ slot: 1, fromMs: 2_100, toMs: 2_200, token: 100 });
    expect(new Set(kindsOf({ struck: [struck({})] }))).toEqual(new Set(['token']));
  });
});

describe('a waiter that stood while it could hold', () => {
  const stands = (untilMs: number): void => {
    hold({ slot: 0, fromMs: 100, toMs: 1_000, token: 100 });
    hold({ slot: 1, askedMs: 500, fromMs: untilMs, toMs: untilMs + 10, token: 200 });
  };

  it('may have missed a message, behind one that did not come', () => {
    stands(2_700);
    expect(kindsOf()).toEqual([]);
  });

  it('was not woken where it stood longer', () => {
    stands(2_800);
    expect(kindsOf()).toEqual(['idle']);
  });

  it('was not woken even so where what happened is no reason, or hit others', () => {
    stands(2_800);
    const at = { startMs: 900, endMs: 1_100 };
    expect(kindsOf({ struck: [struck({ ...at, kind: 'leave', slot: 0 })] })).toEqual(['idle']);
    expect(kindsOf({ struck: [struck({ ...at, kind: 'kill', slot: 2 })] })).toEqual(['idle']);
    expect(kindsOf({ struck: [struck({ ...at, kind: 'kill', slot: 0 })] })).toEqual([]);
    expect(kindsOf({ stalls: [{ startMs: 1_500, endMs: 2_000 }] })).toEqual([]);
  });

  it('is not excused for longer than the fault can last', () => {
    stands(20_000);
    expect(kindsOf({ struck: [struck({ kind: 'kill', slot: 0, startMs: 900, endMs: 1_000 })] })).toEqual([
      'idle',
    ]);
  });
});

describe('what else may break', () => {
  it('is a write that was refused while its holder believed', () => {
    const { resource } = campaign;
    hold({ fromMs: 0, toMs: Infinity, token: 100 });
    resource.open('a', 200);
    expect(resource.write('a', 100, 1)).toBe(false);
    expect(kindsOf()).toEqual(['fence']);
  });

  it('is not a write that came when the hold was over', () => {
    const { resource } = campaign;
    hold({ fromMs: 0, toMs: 1, token: 100 });
    resource.open('a', 200);
    resource.write('a', 100, 1);
    expect(kindsOf()).toEqual([]);
  });

  it('is an update that was accepted, and is lost', () => {
    const { resource } = campaign;
    resource.open('a', 100);
    resource.open('a', 100);
    resource.write('a', 100, 1);
    resource.write('a', 100, 1);
    expect(kindsOf()).toEqual(['update']);
  });

  it('is a grant whose deadline had passed, of a process that did not stand still', () => {
    const request = hold({ slot: 0, fromMs: 1_000, toMs: 1_001, token: 100 });
    const granted = history.find(({ kind }) => kind === 'granted')!;
    history[history.indexOf(granted)] = { ...granted, untilMs: 900 } as LockEvent;
    expect(judge(campaign).faults).toMatchObject([{ kind: 'late', requests: [request] }]);
    const at = { startMs: 850, endMs: 990 };
    expect(kindsOf({ struck: [struck({ ...at, kind: 'block', slot: 1 })] })).toEqual(['late']);
    expect(kindsOf({ struck: [struck({ ...at, kind: 'cut', slot: 0 })] })).toEqual(['late']);
    expect(kindsOf({ struck: [struck({ ...at, kind: 'block', slot: 0 })] })).toEqual([]);
  });

  it('is a bound on waiting that was measured and not kept', () => {
    const bounds = { lostMessageMs: 700, deadHeadMs: 1_700, deadHeadsMs: 3_700 };
    expect(kindsOf({ bounds })).toEqual([]);
    expect(kindsOf({ bounds: { ...bounds, lostMessageMs: 2_300 } })).toEqual(['idle']);
    expect(kindsOf({ bounds: { ...bounds, deadHeadMs: 3_300 } })).toEqual(['idle']);
    expect(kindsOf({ bounds: { ...bounds, deadHeadsMs: 5_300 } })).toEqual(['idle']);
  });

  it('is a failure without a reason', () => {
    const request = hold({ fromMs: 10, toMs: 20, token: 1 });
    const short = hold({ fromMs: 1_000, toMs: 1_001, token: 2 });
    const failure = { failed: request, atMs: 1_500, code: 'LOCK_STORE', text: 'down' };
    const at = { startMs: 1_000, endMs: 1_200 };
    expect(kindsOf({ failures: [failure] })).toEqual(['error']);
    expect(kindsOf({ failures: [failure], struck: [struck({ ...at, kind: 'cut', slot: 1 })] })).toEqual([
      'error',
    ]);
    expect(kindsOf({ failures: [failure], struck: [struck({ ...at, kind: 'cut', slot: 0 })] })).toEqual([]);
    expect(kindsOf({ failures: [{ ...failure, failed: short }] })).toEqual([]);
    const strange = { ...failure, code: 'UNKNOWN' };
    expect(kindsOf({ failures: [strange], struck: [struck({ ...at, kind: 'cut', slot: 0 })] })).toEqual([
      'error',
    ]);
  });

  it('is a process that did not end, and a hold that was left', () => {
    const life = { slot: 0, file: '', killedMs: undefined, leftMs: 5, status: null };
    expect(kindsOf({ lives: [life], leftovers: ['hot'] })).toEqual(['exit', 'leftover']);
    expect(kindsOf({ lives: [{ ...life, status: 0 }] })).toEqual([]);
  });
});

describe('a report', () => {
  beforeEach(() => {
    hold({ slot: 0, fromMs: 100, toMs: 2_000, token: 100, isLost: true });
    hold({ slot: 1, askedMs: 500, fromMs: 2_500, toMs: 3_000, token: 200 });
    campaign = { ...campaign, struck: [struck({ kind: 'stop', slot: 0, startMs: 1_000, endMs: 4_000 })] };
  });

  it('counts by fault, and measures how soon somebody went on', () => {
    const { rows, measured } = reportOf(campaign, judge(campaign));
    expect(rows).toMatchObject([
      { fault: 'all', times: 1, acquisitions: 2 },
      { fault: 'stop', times: 1, acquisitions: 1, overlaps: 0, lostWakeUps: 0, slowestRecoveryMs: 500 },
    ]);
    expect(measured.closestDeadlineMs).toBe(500);
  });

  it('measures no recovery where another fault was near', () => {
    const near = struck({ kind: 'cut', slot: 3, startMs: 1_500, endMs: 1_600 });
    campaign = { ...campaign, struck: [...campaign.struck, near] };
    const { rows } = reportOf(campaign, judge(campaign));
    expect(rows.map(({ slowestRecoveryMs }) => slowestRecoveryMs)).toEqual([null, null, null]);
  });

  it('has a picture, with a row for each process, the server and each key', () => {
    const picture = timeline(campaign, judge(campaign));
    for (const name of ['process 0', 'process 3', 'server', '>a<', 'stop, 3000 ms']) {
      expect(picture).toContain(name);
    }
    expect(picture).not.toContain('stroke="red"');
    hold({ slot: 2, fromMs: 2_600, toMs: 2_700, token: 300 });
    expect(timeline(campaign, judge(campaign))).toContain('stroke="red"');
  });
});
