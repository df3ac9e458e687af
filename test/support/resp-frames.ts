const CRLF = Buffer.from('\r\n');
/** How many elements a value of that type has, by its count. */
const AGGREGATES: Readonly<Record<string, number>> = { '*': 1, '~': 1, '>': 1, '%': 2, '|': 2 };
const BULKS = new Set(['$', '!', '=']);

/** Cuts a stream of the Redis protocol, versions 2 and 3, into its values. */
export class RespFrames {
  private rest: Buffer = Buffer.alloc(0);

  /** The values that are complete by now, as they came. */
  push(chunk: Buffer): Buffer[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const frames: Buffer[] = [];
    for (;;) {
      const end = endOf(this.rest, 0);
      if (end === undefined) return frames;
      frames.push(this.rest.subarray(0, end));
      this.rest = this.rest.subarray(end);
    }
  }
}

/** The name of a command, in small letters. */
export function commandOf(frame: Buffer): string {
  return frame.toString('latin1').split('\r\n')[2]?.toLowerCase() ?? '';
}

function endOf(buffer: Buffer, from: number): number | undefined {
  const lineEnd = buffer.indexOf(CRLF, from);
  if (lineEnd < 0) return undefined;
  const type = String.fromCharCode(buffer[from]!);
  const count = Number(buffer.toString('latin1', from + 1, lineEnd));
  const next = lineEnd + CRLF.length;
  if (BULKS.has(type)) {
    const end = count < 0 ? next : next + count + CRLF.length;
    return end <= buffer.length ? end : undefined;
  }
  return elementsEnd(buffer, next, Math.max(0, count) * (AGGREGATES[type] ?? 0));
}

function elementsEnd(buffer: Buffer, from: number, elements: number): number | undefined {
  let end: number | undefined = from;
  for (let left = elements; left > 0 && end !== undefined; left--) end = endOf(buffer, end);
  return end;
}
