import { afterEach, describe, expect, it } from '@jest/globals';
import { lockChannel, LockEventPublisher, type LockEvents } from '../../../lib/core/lock-events.js';

const heard: unknown[] = [];
const note = (message: unknown): void => void heard.push(message);
const event: LockEvents['ended'] = {
  id: {},
  store: 's',
  keys: ['a'],
  template: undefined,
  waitMs: 0,
  heldMs: 1,
  end: 'released',
  loss: undefined,
};

afterEach(() => {
  lockChannel('ended').unsubscribe(note);
  heard.length = 0;
});

describe('events', () => {
  it('are not even made where nobody listens', () => {
    let made = 0;
    new LockEventPublisher().publish('ended', () => {
      made++;
      return event;
    });
    expect(made).toBe(0);
  });

  it('reach who listens to their kind', () => {
    lockChannel('ended').subscribe(note);
    const events = new LockEventPublisher();
    events.publish('ended', () => event);
    events.publish('renewed', () => ({ store: 's', holds: 1 }));
    expect(heard).toEqual([event]);
  });

  it('go over channels that bear the package’s name', () => {
    expect(lockChannel('granted').name).toBe('nestjs-distributed-lock:granted');
  });
});
