import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { isObservable, Observable, type Subscriber, type TeardownLogic } from 'rxjs';
import type { OpenedCall } from './opened-call.js';

/** The stream behind a result that is sent piece by piece, if it is one. */
export function streamOf(result: unknown): Readable | undefined {
  if (result instanceof Readable) return result;
  const stream: unknown = result instanceof StreamableFile ? result.getStream() : undefined;
  return stream instanceof Readable ? stream : undefined;
}

/** True for what is iterated step by step, and is no stream. */
export function isIterated(result: unknown): result is AsyncIterable<unknown> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result;
}

/** Subscribes to the call's Observable inside its hold; the release comes before the end is passed on. */
export function subscribeHeld(call: OpenedCall, subscriber: Subscriber<unknown>): TeardownLogic {
  if (subscriber.closed) return void call.abandon();
  const source = observableOf(call.result);
  const stop = call.onLoss((loss) => subscriber.error(loss));
  subscriber.add(() => {
    stop();
    // Nobody waits for it: the store tries until the lease ends.
    void call.abandon();
  });
  return call.run(() =>
    source.subscribe({
      next: (value) => subscriber.next(value),
      error: (error: unknown) => void call.abandon().then(() => subscriber.error(error)),
      complete: () =>
        void call.end().then(
          () => subscriber.complete(),
          (loss: unknown) => subscriber.error(loss),
        ),
    }),
  );
}

/** Iterates the call's result, every step inside its hold; the release comes before the end is passed on. */
export async function* iterateHeld(call: OpenedCall): AsyncGenerator<unknown, unknown, unknown> {
  if (!isIterated(call.result)) {
    await call.end();
    return call.result;
  }
  const iterator = call.result[Symbol.asyncIterator]() as AsyncIterator<unknown, unknown, unknown>;
  let isDone = false;
  try {
    let step = await call.run(() => iterator.next());
    while (step.done !== true) {
      call.assertKept();
      const sent: unknown = yield step.value;
      step = await call.run(() => iterator.next(sent));
    }
    isDone = true;
    await call.end();
    return step.value;
  } finally {
    // The consumer broke off, or the method failed: its own clean-up still runs under the lock.
    if (!isDone) await call.run(() => iterator.return?.());
    await call.abandon();
  }
}

/** What stands in for an Observable (`whenBusy`) may be a plain value or none. */
function observableOf(result: unknown): Observable<unknown> {
  if (isObservable(result)) return result;
  return new Observable((subscriber) => {
    subscriber.next(result);
    subscriber.complete();
  });
}
