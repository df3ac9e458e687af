import { setTimeout as sleep } from 'node:timers/promises';

/** How long a condition that is bound to come may take on a busy machine. No expectation is made of it. */
const GIVE_UP_MS = 30_000;

type Truthy<T> = Exclude<T, undefined | null | false>;

/** Asks again until the answer is truthy, and returns it; what was waited for is named where it never came. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  giveUpMs = GIVE_UP_MS,
): Promise<Truthy<T>> {
  const endMs = performance.now() + giveUpMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer as Truthy<T>;
    if (performance.now() > endMs) throw new Error(`Gave up waiting until ${what}.`);
    await sleep(5);
  }
}
