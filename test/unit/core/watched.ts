/** A promise that can be looked at without waiting for it. */
export interface Watched<T> {
  readonly promise: Promise<T>;
  state: 'pending' | 'resolved' | 'rejected';
  value: T | undefined;
  error: unknown;
}

export function watched<T>(promise: Promise<T>): Watched<T> {
  const seen: Watched<T> = { promise, state: 'pending', value: undefined, error: undefined };
  promise.then(
    (value) => Object.assign(seen, { state: 'resolved', value }),
    (error: unknown) => Object.assign(seen, { state: 'rejected', error }),
  );
  return seen;
}
