import type { Attributes, Counter, Histogram, Meter, UpDownCounter } from '@opentelemetry/api';
import type { LockEvents } from '../core/lock-events.js';
import { ATTRIBUTE, errorTypeOf, refusalOf } from './names.js';

/** Between a hand-off in memory and a wait of minutes; in seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** The instruments, and what each event does to them. */
export class LockMetrics {
  private readonly waitTime: Histogram;
  private readonly holdTime: Histogram;
  private readonly grants: Counter;
  private readonly handOffs: Counter;
  private readonly timeouts: Counter;
  private readonly refusals: Counter;
  private readonly losses: Counter;
  private readonly renewals: Counter;
  private readonly waiting: UpDownCounter;
  private readonly held: UpDownCounter;
  private readonly storesDown: UpDownCounter;

  constructor(meter: Meter) {
    const seconds = (name: string, description: string): Histogram => {
      const advice = { explicitBucketBoundaries: BUCKETS };
      return meter.createHistogram(`distributed_lock.${name}`, { unit: 's', description, advice });
    };
    const count = (name: string, unit: string, description: string): Counter =>
      meter.createCounter(`distributed_lock.${name}`, { unit, description });
    const now = (name: string, unit: string, description: string): UpDownCounter =>
      meter.createUpDownCounter(`distributed_lock.${name}`, { unit, description });
    this.waitTime = seconds('wait.duration', 'From a request to its grant or refusal.');
    this.holdTime = seconds('hold.duration', 'From a grant to its release or loss.');
    this.grants = count('grants', '{grant}', 'Requests that were granted.');
    this.handOffs = count('hand_offs', '{grant}', 'Grants that had been waited for, by the way they came.');
    this.timeouts = count('timeouts', '{request}', 'Requests whose wait time ended.');
    this.refusals = count('refusals', '{request}', 'Requests that were not granted for any other reason.');
    this.losses = count('losses', '{hold}', 'Holds that were lost.');
    this.renewals = count(
      'renewals',
      '{hold}',
      'Renewals that were answered or, with an error type, failed.',
    );
    this.waiting = now('waiting', '{request}', 'Requests that wait now.');
    this.held = now('held', '{hold}', 'Holds that stand now.');
    this.storesDown = now('stores.down', '{store}', 'Stores that do not serve now.');
  }

  /** One more or one less; also where what it belongs to is not watched to its end. */
  countWaiting(change: 1 | -1, of: Attributes): void {
    this.waiting.add(change, of);
  }

  countHeld(change: 1 | -1, of: Attributes): void {
    this.held.add(change, of);
  }

  countDown(change: 1 | -1, store: string): void {
    this.storesDown.add(change, { [ATTRIBUTE.store]: store });
  }

  granted({ waitedMs, handOff }: LockEvents['granted'], of: Attributes): void {
    this.grants.add(1, of);
    if (handOff) this.handOffs.add(1, { ...of, [ATTRIBUTE.handOff]: handOff });
    this.waitTime.record(waitedMs / 1000, of);
  }

  refused(event: LockEvents['refused'], of: Attributes): void {
    const type = refusalOf(event);
    const refused = { ...of, [ATTRIBUTE.error]: type };
    if (type === 'LOCK_TIMEOUT') this.timeouts.add(1, of);
    else this.refusals.add(1, refused);
    this.waitTime.record(event.waitedMs / 1000, refused);
  }

  ended({ heldMs, end, loss }: LockEvents['ended'], of: Attributes): void {
    this.holdTime.record(heldMs / 1000, { ...of, [ATTRIBUTE.end]: end });
    if (loss) this.losses.add(1, { ...of, [ATTRIBUTE.loss]: loss });
  }

  renewed({ store, holds, error }: LockEvents['renewed']): void {
    const failed = error === undefined ? {} : { [ATTRIBUTE.error]: errorTypeOf(error) };
    this.renewals.add(holds, { [ATTRIBUTE.store]: store, ...failed });
  }
}
