import { LockConfigError } from '../errors.js';

/**
 * A span of time: milliseconds, or a text with a unit: `'250ms'`, `'3s'`, `'5m'`, `'1h'`.
 * What the type lets through by mistake (`'-5s'`, `'5 s'`, `'1e3s'`) is refused when it is read.
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h'}`;

/** What a duration may be; both bounds belong to it. */
export interface DurationBounds {
  /** Default 0. */
  readonly minMs?: number;
  /** Default one year. */
  readonly maxMs?: number;
  /** Default false. */
  readonly mayBeInfinite?: boolean;
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const TEXT = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;
const YEAR_MS = 365 * 24 * UNIT_MS['h']!;

/**
 * Parses a duration that is known only as text, from the environment say: `duration('250ms') === 250`.
 * @returns milliseconds
 * @throws LockConfigError where the text is no duration
 */
export function duration(text: string): number {
  const ms = typeof text === 'string' ? parse(text) : undefined;
  if (ms === undefined) throw refusal('duration', text, 'a text like "250ms", "3s", "5m" or "1h"');
  return ms;
}

/**
 * The milliseconds of an option's value.
 * @throws LockConfigError naming option, value and bound
 */
export function durationMs(option: string, value: Duration, bounds: DurationBounds = {}): number {
  const ms = typeof value === 'string' ? parse(value) : value;
  if (typeof ms !== 'number' || Number.isNaN(ms)) {
    throw refusal(option, value, 'milliseconds as a number, or a text like "250ms", "3s", "5m" or "1h"');
  }
  if (!isWithin(ms, bounds)) throw refusal(option, value, textOf(bounds));
  return ms;
}

function isWithin(
  ms: number,
  { minMs = 0, maxMs = YEAR_MS, mayBeInfinite = false }: DurationBounds,
): boolean {
  return ms === Infinity ? mayBeInfinite : ms >= minMs && ms <= maxMs;
}

function textOf({ minMs = 0, maxMs = YEAR_MS, mayBeInfinite = false }: DurationBounds): string {
  return `at least ${minMs} ms and at most ${maxMs} ms${mayBeInfinite ? ', or Infinity' : ''}`;
}

function parse(text: string): number | undefined {
  const match = TEXT.exec(text);
  if (!match) return undefined;
  const ms = Number(match[1]) * UNIT_MS[match[2]!]!;
  return Number.isFinite(ms) ? ms : undefined;
}

function refusal(option: string, value: unknown, expected: string): LockConfigError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new LockConfigError(`Option "${option}" is ${shown}; it must be ${expected}.`, { option });
}
