/** What a terminal would act on, or not show: controls, direction marks, what is invisible, halves of characters. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** The same, as far as JSON leaves it. */
const UNSEEN_IN_JSON = /[\u007f-\u009f\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A text from a store, safe to print: one line, everything in it visible, and different texts look different. */
export function shown(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(UNSEEN, (char) => SHORT[char] ?? escaped(char));
}

/** The same for a text of ours, whose lines stay: what a server said may be in it. */
export function shownLines(text: string): string {
  return text.replaceAll(UNSEEN, (char) => (char === '\n' ? char : escaped(char)));
}

/** JSON that is safe to print. */
export function shownJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(UNSEEN_IN_JSON, (char) =>
    Array.from({ length: char.length }, (_, at) => `\\u${hex(char.charCodeAt(at)).padStart(4, '0')}`).join(
      '',
    ),
  );
}

/** Shortened in the middle, where it is longer than so many columns. */
export function shortened(text: string, most: number): string {
  const chars = Array.from(text);
  if (chars.length <= most) return text;
  const tail = Math.floor(most / 3);
  return `${chars.slice(0, most - tail - 1).join('')}…${chars.slice(-tail).join('')}`;
}

/** How many columns of a terminal the text takes. */
export function columnsOf(text: string): number {
  return Array.from(text).reduce((sum, char) => sum + columnsOfOne(char), 0);
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

function columnsOfOne(char: string): number {
  if (/\p{M}/u.test(char)) return 0;
  return WIDE.test(char) || char.codePointAt(0)! >= 0x1f000 ? 2 : 1;
}

function escaped(char: string): string {
  return `\\u{${hex(char.codePointAt(0)!)}}`;
}

function hex(code: number): string {
  return code.toString(16);
}
