import { deferred, type Deferred } from '../../lib/util/deferred.js';

/** What one side may ask of the other, by name. */
export type Verbs = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Something is asked, or was answered; `id` is of the side that asked. */
export type Word =
  | { readonly ask: number; readonly verb: string; readonly args: readonly unknown[] }
  | { readonly answer: number; readonly result: unknown }
  | { readonly answer: number; readonly failure: { readonly code?: string; readonly message: string } };

/** The end of a channel between two processes: each may ask the other, and every question has one answer. */
export class Correspondence {
  private readonly asked = new Map<number, Deferred<unknown>>();
  private lastId = 0;
  private over: Error | undefined;

  constructor(
    private readonly send: (word: Word) => void,
    private readonly verbs: Verbs,
  ) {}

  ask<T>(verb: string, ...args: unknown[]): Promise<T> {
    if (this.over) return Promise.reject(this.over);
    const id = ++this.lastId;
    const answer = deferred<unknown>();
    this.asked.set(id, answer);
    this.send({ ask: id, verb, args });
    return answer.promise as Promise<T>;
  }

  hear(word: Word): void {
    if ('ask' in word) return void this.reply(word);
    const answer = this.asked.get(word.answer);
    this.asked.delete(word.answer);
    if ('result' in word) answer?.resolve(word.result);
    else answer?.reject(Object.assign(new Error(word.failure.message), { code: word.failure.code }));
  }

  /** The other side is gone: nothing that was asked is answered any more. */
  end(error: Error): void {
    this.over = error;
    for (const { reject } of this.asked.values()) reject(error);
    this.asked.clear();
  }

  private async reply({ ask, verb, args }: Extract<Word, { ask: number }>): Promise<void> {
    try {
      const result = await this.verbs[verb]!(...(args as never[]));
      this.send({ answer: ask, result: result ?? null });
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      this.send({ answer: ask, failure: { message, ...(code !== undefined && { code }) } });
    }
  }
}

/** In a client process: answers its parent over the channel of `fork`, and may ask it. */
export function answerParent(verbs: Verbs): Correspondence {
  // A parent that is gone, or was left by a shutdown, hears nothing any more.
  const parent = new Correspondence((word) => void (process.connected && process.send?.(word)), verbs);
  process.on('message', (word: Word) => parent.hear(word));
  process.on('disconnect', () => parent.end(new Error('the parent has left')));
  return parent;
}
