import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanStatusCode,
  type Tracer,
} from '@opentelemetry/api';
import type { LockEvents } from '../core/lock-events.js';
import { isLockError } from '../errors.js';
import { ATTRIBUTE, refusalOf } from './names.js';

/** The spans of one request: the wait, then the hold; both children of the span that was active when it was asked for. */
export class RequestSpans {
  private readonly parent: Context = context.active();
  private span: Span;

  constructor(
    private readonly tracer: Tracer,
    private readonly attributes: Attributes,
  ) {
    this.span = this.start('wait');
  }

  granted({ handOff, fencingTokens }: LockEvents['granted']): void {
    if (handOff) this.span.setAttribute(ATTRIBUTE.handOff, handOff);
    this.span.end();
    this.span = this.start('hold');
    this.span.setAttribute(ATTRIBUTE.tokens, [...fencingTokens]);
  }

  ended({ end, loss }: LockEvents['ended']): void {
    this.span.setAttribute(ATTRIBUTE.end, end);
    if (loss) {
      this.span.setAttributes({ [ATTRIBUTE.loss]: loss, [ATTRIBUTE.error]: 'LOCK_LOST' });
      this.span.setStatus({ code: SpanStatusCode.ERROR, message: 'The lock was lost.' });
    }
    this.span.end();
  }

  /** The message of the error names the key, so it stays where it is. */
  refused(event: LockEvents['refused']): void {
    const type = refusalOf(event);
    this.span.setAttribute(ATTRIBUTE.error, type);
    // That somebody else has the lock is an answer to a single attempt, not an error.
    if (type !== 'busy') {
      const message = isLockError(event.error)
        ? event.error.publicMessage
        : 'The wait was ended by its caller.';
      this.span.setStatus({ code: SpanStatusCode.ERROR, message });
    }
    this.span.end();
  }

  /** Nobody will tell of the rest. */
  leave(): void {
    this.span.end();
  }

  private start(what: 'wait' | 'hold'): Span {
    const { attributes, parent } = this;
    const name = `lock ${what} ${String(attributes[ATTRIBUTE.template])}`;
    return this.tracer.startSpan(name, { attributes }, parent);
  }
}
