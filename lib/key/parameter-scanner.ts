/**
 * Reads the names in a function's parameter list from its source: no parser, since only the list has to be understood.
 *
 *   head ──(──► parameter ──=──► default ──,──► parameter …   until the list's own ")"
 */
export function scanParameters(source: string): (string | undefined)[] {
  return new ParameterScanner(source).scan();
}

// Sticky: each matches at the scanner's position or not at all.
const TRIVIA = /(?:\s|\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\/)+/y;
const QUOTED = /"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'/y;
const WORD = /(?:[\p{ID_Continue}$\u200c\u200d]|\\u\{[0-9a-fA-F]+\}|\\u[0-9a-fA-F]{4})+/uy;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** After these a slash begins a regular expression; after anything else it divides. */
const BEFORE_REGEX =
  /^(?:[(,=:[!&|?{};+\-*%~^<>]|return|typeof|case|in|of|void|delete|await|yield|instanceof|new|do|else)?$/;

class ParameterScanner {
  private position = 0;
  /** The last token, to tell a regular expression from a division. */
  private last = '';

  constructor(private readonly source: string) {}

  scan(): (string | undefined)[] {
    const names: (string | undefined)[] = [];
    if (!this.enterList()) return names;
    while (!this.isAtEnd() && this.peek() !== ')') {
      names.push(this.readName());
      this.skipUntil(',)');
      if (this.peek() === ',') this.position++;
      this.take(TRIVIA);
    }
    return names;
  }

  /** Passes the name, which may be a text or computed; false where the function has no list in brackets. */
  private enterList(): boolean {
    while (!this.isAtEnd() && this.peek() !== '(' && this.peek() !== '=') this.skipToken();
    if (this.peek() !== '(') return false;
    this.position++;
    this.take(TRIVIA);
    return true;
  }

  private readName(): string | undefined {
    const rest = this.source.startsWith('...', this.position) ? '...' : '';
    this.position += rest.length;
    this.take(TRIVIA);
    const word = this.take(WORD);
    return word === undefined ? undefined : rest + unescapeIdentifier(word);
  }

  private skipUntil(ends: string): void {
    while (!this.isAtEnd() && !ends.includes(this.peek())) this.skipToken();
  }

  /** Passes a comment, a text, a word, a bracket with all it holds, or one character. */
  private skipToken(): void {
    if (this.take(TRIVIA) !== undefined) return;
    const token = this.take(QUOTED) ?? this.take(WORD) ?? this.takeRegex();
    this.last = token ?? this.peek();
    if (token !== undefined) return;
    const opening = this.source[this.position++]!;
    if (opening === '`') this.skipTemplate();
    else if ('([{'.includes(opening)) this.skipBracket();
  }

  private skipBracket(): void {
    this.skipUntil(')]}');
    this.last = this.peek();
    this.position++;
  }

  private skipTemplate(): void {
    while (!this.isAtEnd() && this.peek() !== '`') {
      const isHole = this.source.startsWith('${', this.position);
      this.position += isHole || this.peek() === '\\' ? 2 : 1;
      if (isHole) this.skipBracket();
    }
    this.position++;
  }

  private takeRegex(): string | undefined {
    return this.peek() === '/' && BEFORE_REGEX.test(this.last) ? this.take(REGEX) : undefined;
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const token = pattern.exec(this.source)?.[0];
    this.position += token?.length ?? 0;
    return token;
  }

  private peek(): string {
    return this.source[this.position] ?? '';
  }

  private isAtEnd(): boolean {
    return this.position >= this.source.length;
  }
}

// Some compilers write names outside ASCII as escapes.
function unescapeIdentifier(name: string): string {
  return name.replace(/\\u(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{4}))/g, (_, long: string, short: string) =>
    String.fromCodePoint(parseInt(long ?? short, 16)),
  );
}
