/** What a node's data tells to whoever inspects: how long it stands at most when its holder is heard of no more. */
export interface NodeText {
  /** True for what remains of a `minHoldTime` after the release: nobody's. */
  readonly isKept: boolean;
  readonly restMs: number;
}

const TEXT = /^(lease|kept) (\d{1,15})$/;

export function dataOf({ isKept, restMs }: NodeText): Buffer {
  return Buffer.from(`${isKept ? 'kept' : 'lease'} ${Math.ceil(restMs)}`);
}

/** Of text that is none of ours, a hold of which nothing is known. */
export function textOf(data: Buffer): NodeText {
  const [, kind, restMs] = TEXT.exec(data.toString()) ?? [];
  return { isKept: kind === 'kept', restMs: Number(restMs ?? 0) };
}
