/**
 * The fixed text of a key around its values. Different values never give the same key: between any two values stands a
 * separator that no written value contains.
 */
export class KeyText {
  private readonly texts: readonly string[];
  private readonly reserved: RegExp;

  /** @param texts one more than there are values: before the first, between them, after the last */
  constructor(texts: readonly string[]) {
    const isBetween = (index: number): boolean => index > 0 && index < texts.length - 1;
    const separators = texts.map((text, index) => (isBetween(index) ? separatorIn(text) : undefined));
    this.texts = texts.map((text, index) =>
      isBetween(index) && separators[index] === undefined ? `:${text}` : text,
    );
    this.reserved = new RegExp(`[${ALWAYS_RESERVED}${separators.map(inClass).join('')}]`, 'gu');
  }

  /** The key with these values, one for each gap between the texts. */
  write(values: readonly string[]): string {
    let key = this.texts[0] ?? '';
    for (let i = 0; i < values.length; i++) {
      key += this.escape(values[i] ?? '') + (this.texts[i + 1] ?? '');
    }
    return key;
  }

  private escape(value: string): string {
    return value.replace(this.reserved, escapeCharacter);
  }
}

/**
 * Never in a written value: what usually separates the parts of keys, white space, controls, and halves of surrogate
 * pairs, which UTF-8 cannot tell apart. Written out, since `\s` and `\p{…}` differ between versions of Unicode, and two
 * versions of Node must make the same key.
 */
const ALWAYS_RESERVED = '%:#{}\\u0000-\\u0020\\u007f-\\u00a0\\u2028\\u2029\\ud800-\\udfff';
const RESERVED = new RegExp(`[${ALWAYS_RESERVED}]`, 'u');
/** What escapes are made of can stand in any written value, so it separates nothing. */
const IN_ESCAPES = /[%0-9A-Fu]/;

/** A character of the text that values can do without; undefined where it has none. */
function separatorIn(text: string): string | undefined {
  const able = Array.from(text).filter((character) => !IN_ESCAPES.test(character));
  return able.find((character) => RESERVED.test(character)) ?? able[0];
}

function inClass(separator: string | undefined): string {
  return separator === undefined ? '' : `\\u{${separator.codePointAt(0)!.toString(16)}}`;
}

/** As in a URL: the UTF-8 bytes; `%uD800` for half a surrogate pair, which has none. */
function escapeCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  if (code >= 0xd800 && code <= 0xdfff) return `%u${hex(code)}`;
  return Array.from(new TextEncoder().encode(character), (byte) => `%${hex(byte)}`).join('');
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(2, '0');
}
