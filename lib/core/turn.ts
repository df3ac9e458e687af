import type { Hold, LossCause } from './hold.js';
import type { Outcome } from './wait-loop.js';

/** A hold in the hands of one user; a hold may have several, one after the other. */
export interface Turn {
  readonly hold: Hold;
  /** One for each key of the hold, in their order. */
  readonly tokens: readonly number[];
  /** True where the hold came from another user in this process, without the network. */
  readonly isLocalHandOff: boolean;
  /**
   * The user is done, within the hold or after its loss; `keepMs` is what remains of a `minHoldTime`. Resolves when the
   * next may begin; never rejects.
   */
  readonly leave: (keepMs: number) => Promise<void>;
  /** Told of the loss, once, where it comes during the turn; set by whoever is given the turn. */
  onLost: ((cause: LossCause) => void) | undefined;
}

export type TurnOutcome = Exclude<Outcome, { kind: 'held' }> | { readonly kind: 'turn'; readonly turn: Turn };
