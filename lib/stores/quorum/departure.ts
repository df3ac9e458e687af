/**
 * One owner leaves: every node that was asked for it is told, again and again where it does not answer.
 *
 *   of each node: telling ──answered──► told
 *                 telling ──failed──► pausing ──► telling, its id refused from now on
 *                 pausing ──its lease must be over──► given up
 *
 * A node that is slow or down is told in the background: it is waited for no longer than a moment.
 */
import { LockStoreError } from '../../errors.js';
import type { ReleaseRequest } from '../../line/store.js';
import type { Timer } from '../../util/clock.js';
import { type Deferred, deferred } from '../../util/deferred.js';
import type { QuorumNode } from './quorum-node.js';
import type { QuorumNodes } from './quorum-nodes.js';
import type { Missing } from './quorum-errors.js';

export interface DepartureInit {
  readonly request: ReleaseRequest;
  /** Who is told, and whether a command of the owner is unanswered there. */
  readonly told: ReadonlyMap<QuorumNode, { readonly isUncertain: boolean }>;
  /** When nothing of the owner can stand any more, on the monotonic clock. */
  readonly untilMs: number;
  /** Called once, when nobody is told any more. */
  readonly onEnd: () => void;
}

/** Pauses between attempts, in milliseconds; doubled. */
const PAUSE_MS = { first: 50, most: 1_000 } as const;
/** How long the last nodes are waited for once a majority has answered, in milliseconds; not those that are suspected. */
const LAST_MS = 25;

export class Departure {
  private readonly over: Deferred<void> = deferred<void>();
  private readonly waitingFor: Set<QuorumNode>;
  private readonly missing: Missing[] = [];
  private readonly keptUntilMs: number;
  private answers = 0;
  private timer: Timer | undefined;

  constructor(
    private readonly nodes: QuorumNodes,
    private readonly init: DepartureInit,
  ) {
    this.waitingFor = new Set(init.told.keys());
    this.keptUntilMs = nodes.clock.nowMs() + init.request.keepMs;
    // Of a departure that nobody waits for.
    this.over.promise.catch(() => undefined);
  }

  /** Resolves when a majority has answered, and the others too or a moment later; rejects where none will. */
  get promise(): Promise<void> {
    return this.over.promise;
  }

  start(): this {
    for (const node of this.waitingFor) void this.tell(node);
    this.settle();
    return this;
  }

  private async tell(node: QuorumNode): Promise<void> {
    const { clock, pauses } = this.nodes;
    let refuses = this.init.request.refuses || this.init.told.get(node)!.isUncertain;
    for (let pauseMs: number = PAUSE_MS.first; ; pauseMs = Math.min(PAUSE_MS.most, 2 * pauseMs)) {
      try {
        await node.ask((session) => session.release(this.request(refuses)));
        return this.note(node);
      } catch (error) {
        const isFinal = error instanceof LockStoreError && !error.isTransient;
        if (isFinal || clock.nowMs() + pauseMs > this.init.untilMs) return this.note(node, error);
      }
      // Not waited for by anybody who can go on without it.
      this.settle();
      await pauses.pause(pauseMs);
      refuses = true;
    }
  }

  private request(refuses: boolean): ReleaseRequest {
    const { request } = this.init;
    const keepMs = Math.max(0, this.keptUntilMs - this.nodes.clock.nowMs());
    return { ...request, refuses, keepMs: request.keepMs === 0 ? 0 : keepMs };
  }

  private note(node: QuorumNode, ...errors: readonly unknown[]): void {
    this.waitingFor.delete(node);
    if (errors.length === 0) this.answers++;
    else this.missing.push({ name: node.name, index: node.index, error: errors[0] });
    this.settle();
  }

  private settle(): void {
    const { request, told } = this.init;
    const { clock, majority } = this.nodes;
    if (this.answers >= Math.min(majority, told.size)) {
      const resolve = (): void => this.over.resolve();
      // Waited for, so that a node which is slower than the others is not buried under what they could take.
      const isLast = [...this.waitingFor].every((node) => node.isSuspected);
      if (isLast) resolve();
      else this.timer ??= clock.setTimer(LAST_MS, resolve, { isBackground: true });
    }
    if (this.waitingFor.size > 0) return;
    this.timer?.clear();
    // Of no effect where it was resolved.
    this.over.reject(this.nodes.outage('release', request.keys[0], this.missing));
    this.init.onEnd();
  }
}
