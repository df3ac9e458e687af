import { LockConfigError } from '../errors.js';
import { MODE_CAPACITY } from '../line/store.js';

/** A key that is asked for as something else than it is in use as. */
export interface UseConflict {
  readonly key: string;
  /** Capacities. */
  readonly used: number;
  readonly asked: number;
  /** Ends the sentence: where the two meet. */
  readonly where: string;
}

export function useConflict({ key, used, asked, where }: UseConflict): LockConfigError {
  return new LockConfigError(
    `Lock "${key}" is in use as ${useOf(used)}; it cannot be ${useOf(asked)} ${where}. ` +
      'Give the same permits everywhere, or use another key.',
    { key, option: 'permits' },
  );
}

function useOf(capacity: number): string {
  return capacity === MODE_CAPACITY ? 'a mutex or read/write lock' : `a semaphore of ${capacity} permits`;
}
