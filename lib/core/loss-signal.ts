/**
 * A signal for the loss of a hold. A listener that throws must neither keep the others from being told nor end the
 * process: an EventTarget of Node rethrows it as an uncaught exception. It is handed to `onThrown` instead.
 */
export interface LossSignal {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
}

type Listener = ((event: Event) => void) | { handleEvent(event: Event): void };

export function lossSignal(onThrown: (error: unknown) => void): LossSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const guards = new WeakMap<Listener, (event: Event) => void>();
  const guard = (listener: Listener): ((event: Event) => void) => {
    let guarded = guards.get(listener);
    if (!guarded) {
      guarded = (event) => callGuarded(listener, event, onThrown);
      guards.set(listener, guarded);
    }
    return guarded;
  };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  Object.defineProperties(signal, {
    addEventListener: {
      value: (type: string, listener: Listener | null, options?: object) =>
        listener && add(type, guard(listener), options),
    },
    removeEventListener: {
      value: (type: string, listener: Listener | null, options?: object) =>
        listener && remove(type, guards.get(listener) ?? listener, options),
    },
  });
  return { signal, abort: (reason) => controller.abort(reason) };
}

/** Aborts with the first of several; guarded as they are, which `AbortSignal.any` is not. */
export function anyLoss(signals: readonly AbortSignal[], onThrown: (error: unknown) => void): AbortSignal {
  const any = lossSignal(onThrown);
  for (const signal of signals) {
    if (signal.aborted) any.abort(signal.reason);
    else signal.addEventListener('abort', () => any.abort(signal.reason), { signal: any.signal });
  }
  return any.signal;
}

function callGuarded(listener: Listener, event: Event, onThrown: (error: unknown) => void): void {
  try {
    if (typeof listener === 'function') listener.call(event.currentTarget, event);
    else listener.handleEvent(event);
  } catch (error) {
    onThrown(error);
  }
}
