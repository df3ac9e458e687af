import type { AcquireReply, AcquireRequest } from '../../line/store.js';
import { type Deferred, deferred } from '../../util/deferred.js';

interface Asked {
  readonly request: AcquireRequest;
  readonly answer: Deferred<AcquireReply>;
}

/** A statement with more would hold the row for long. */
const MOST_PER_STATEMENT = 50;

/**
 * One statement at a time for each key of a process: its requests would only wait for one another's row lock, each on a
 * connection of its own. What is asked meanwhile goes together in the next one.
 *
 *   idle ──ask──► under way ──answered, others have asked──► under way, with them
 *                 under way ──answered, nobody has──► idle
 */
export class KeyTurns {
  private readonly waiting = new Map<string, Asked[]>();

  constructor(
    private readonly send: (requests: readonly AcquireRequest[]) => Promise<readonly AcquireReply[]>,
  ) {}

  /** @throws what became of the statement */
  ask(request: AcquireRequest): Promise<AcquireReply> {
    const [key] = request.keys;
    const asked = { request, answer: deferred<AcquireReply>() };
    const behind = this.waiting.get(key!);
    if (behind) behind.push(asked);
    else {
      this.waiting.set(key!, []);
      void this.serve(key!, [asked]);
    }
    return asked.answer.promise;
  }

  /** Never rejects: what goes wrong is told to those who asked. */
  private async serve(key: string, first: readonly Asked[]): Promise<void> {
    const behind = this.waiting.get(key)!;
    for (let turn = first; turn.length > 0; turn = behind.splice(0, MOST_PER_STATEMENT)) {
      try {
        const replies = await this.send(turn.map(({ request }) => request));
        turn.forEach(({ answer }, index) => answer.resolve(replies[index]!));
      } catch (error) {
        for (const { answer } of turn) answer.reject(error);
      }
    }
    this.waiting.delete(key);
  }
}
