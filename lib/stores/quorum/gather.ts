import type { StoreSession } from '../../line/store.js';
import type { QuorumNode } from './quorum-node.js';
import type { QuorumNodes } from './quorum-nodes.js';
import type { Missing } from './quorum-errors.js';

/** Of each node: what it answered, or what became of it; undefined where it is silent. */
export type Answers<T> = readonly ({ readonly value: T } | { readonly error: unknown } | undefined)[];

export interface Gathering<T> {
  readonly operation: string;
  readonly command: (session: StoreSession) => Promise<T>;
  /** Nobody waits for longer, in milliseconds. */
  readonly mostMs: number;
  /** Whether those who have not answered are not needed any more. Default: a majority, and nobody else who is not suspected. */
  readonly isEnough?: (answers: Answers<T>) => boolean;
  /** Also told of what comes later. */
  readonly onAnswer?: (node: QuorumNode, value: T) => void;
}

/** Sends a command to all nodes at once, and waits for what is needed of them. Never rejects. */
export async function gather<T>(nodes: QuorumNodes, gathering: Gathering<T>): Promise<Answers<T>> {
  const { command, mostMs, onAnswer } = gathering;
  const answers: ({ value: T } | { error: unknown } | undefined)[] = nodes.all.map(() => undefined);
  await new Promise<void>((resolve) => {
    const end = (): void => {
      timer.clear();
      resolve();
    };
    const timer = nodes.clock.setTimer(mostMs, () => {
      for (const node of nodes.all) if (answers[node.index] === undefined) node.suspect();
      end();
    });
    const isEnough = gathering.isEnough ?? ((sofar): boolean => isAllThatCanBeHad(nodes, sofar));
    const note = (node: QuorumNode, answer: { value: T } | { error: unknown }): void => {
      answers[node.index] = answer;
      if (!answers.includes(undefined) || isEnough(answers)) end();
    };
    for (const node of nodes.all) {
      node.ask(command).then(
        (value) => {
          onAnswer?.(node, value);
          note(node, { value });
        },
        (error: unknown) => note(node, { error }),
      );
    }
  });
  return answers;
}

function isAllThatCanBeHad({ all, majority }: QuorumNodes, answers: Answers<unknown>): boolean {
  const isDue = all.some((node) => answers[node.index] === undefined && !node.isSuspected);
  return !isDue && valuesOf(answers).length >= majority;
}

/** The nodes that did not answer, and why. */
export function missingOf(nodes: QuorumNodes, answers: Answers<unknown>, mostMs: number): Missing[] {
  return nodes.all.flatMap(({ name, index }) => {
    const answer = answers[index];
    if (answer && 'value' in answer) return [];
    return [{ name, index, error: answer?.error ?? silence(mostMs) }];
  });
}

export function silence(ms: number): Error {
  return new Error(`no answer within ${Math.round(ms)} ms`);
}

/** What was answered. @throws LockStoreError where no majority answered */
export async function gatherMajority<T>(
  nodes: QuorumNodes,
  key: string | undefined,
  gathering: Gathering<T>,
): Promise<Answers<T>> {
  const answers = await gather(nodes, gathering);
  const missing = missingOf(nodes, answers, gathering.mostMs);
  if (nodes.all.length - missing.length >= nodes.majority) return answers;
  throw nodes.outage(gathering.operation, key, missing);
}

export function valuesOf<T>(answers: Answers<T>): T[] {
  return answers.flatMap((answer) => (answer && 'value' in answer ? [answer.value] : []));
}
