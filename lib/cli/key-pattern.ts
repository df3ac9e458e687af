/** What keys have to look like. */
export interface KeyPattern {
  /** The one key that is meant, where nothing is left open. */
  readonly exact: string | undefined;
  /** What all of them begin with. */
  readonly beginning: string;
  readonly fits: (key: string) => boolean;
}

/** A character that has to stand there, or what is left open. */
type Part = { readonly char: string } | 'one' | 'any';

/** `*` is any text, `?` one character, and a backslash takes the meaning from what follows it. */
export function keyPattern(text: string): KeyPattern {
  const parts = partsOf(text);
  const open = parts.findIndex((part) => typeof part === 'string');
  const beginning = textOf(open < 0 ? parts : parts.slice(0, open));
  return {
    exact: open < 0 ? beginning : undefined,
    beginning,
    fits: (key) => fits(parts, Array.from(key)),
  };
}

function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  const chars = Array.from(text);
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at]!;
    if (char === '*') parts.push('any');
    else if (char === '?') parts.push('one');
    else if (char === '\\' && at + 1 < chars.length) parts.push({ char: chars[++at]! });
    else parts.push({ char });
  }
  return parts;
}

function textOf(parts: readonly Part[]): string {
  return parts.map((part) => (typeof part === 'string' ? '' : part.char)).join('');
}

/** Only the last star is ever tried again, so no pattern takes longer than its length times the key's. */
function fits(parts: readonly Part[], chars: readonly string[]): boolean {
  let [at, star, from] = [0, -1, 0];
  for (let index = 0; index < chars.length;) {
    const part = parts[at];
    if (part === 'any') {
      star = at++;
      from = index;
    } else if (part !== undefined && (part === 'one' || part.char === chars[index])) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++from;
    } else return false;
  }
  return parts.slice(at).every((part) => part === 'any');
}
