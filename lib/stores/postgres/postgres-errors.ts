import { SessionClosed, type Speaker, type Verdict } from '../sql/sql-errors.js';

export const STORE_NAME = 'postgres';

/**
 * What the server's SQLSTATE codes mean here; a class by its first two characters where its members mean the same.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  '40001': { isTransient: true, isRace: true, advice: 'Other commands met this one too often; ask again.' },
  '40P01': { isTransient: true, isRace: true, advice: 'Other commands met this one too often; ask again.' },
  '23505': { isTransient: true, isRace: true, advice: 'Other commands met this one too often; ask again.' },
  '08': { isTransient: true, advice: 'The connection failed; ask again.' },
  '57P': { isTransient: true, advice: 'It is starting, stopping, or ended the connection; ask again.' },
  '57014': { isTransient: true, advice: 'The statement was cancelled, perhaps by a statement_timeout.' },
  '55P03': {
    isTransient: true,
    advice: 'A transaction has held the row of the lock for seconds: look for it.',
  },
  '53300': { isTransient: true, advice: 'It has no free connection: raise max_connections, or use fewer.' },
  '53': { isTransient: false, advice: 'It is short of memory, disk or other means: look at its log.' },
  '25006': {
    isTransient: true,
    advice: 'It is read-only: name the primary, or wait for the fail-over to end.',
  },
  '28': { isTransient: false, advice: 'Check the user name and password of the store.' },
  '3D000': { isTransient: false, advice: 'Create the database, or name another in the address.' },
  '42501': { isTransient: false, advice: 'Give the user the rights that the store page lists.' },
  '42P01': { isTransient: false, advice: 'The table was dropped: start the application again to make it.' },
  '42883': { isTransient: false, advice: 'A function was dropped: start the application again to make it.' },
  '42703': { isTransient: false, advice: 'The table has another shape: name another in "table".' },
};
const UNREACHABLE: Verdict = {
  isTransient: true,
  advice: 'Check that the server runs and that the address is right.',
};
const UNKNOWN: Verdict = { isTransient: false, advice: 'This is not an answer that the store knows.' };

/** The server as errors speak of it. `place` is host, port and database. */
export function speakerOf(place: string): Speaker {
  return { store: STORE_NAME, product: 'PostgreSQL', place, verdictOn };
}

/** The server's code of an error that it answered with; undefined for one of the driver or the network. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** An answer after which the connection is still good. */
export function isAnswer(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && !code.startsWith('57P') && !code.startsWith('08');
}

/** The connection does not know a prepared statement, or knows it from somebody else: nothing was run. */
export function isUnprepared(error: unknown): boolean {
  const code = codeOf(error);
  return code === '26000' || code === '42P05';
}

function verdictOn(cause: unknown): Verdict {
  const code = codeOf(cause);
  if (code === undefined) return cause instanceof SessionClosed ? UNKNOWN : UNREACHABLE;
  return VERDICTS[code] ?? VERDICTS[code.slice(0, 3)] ?? VERDICTS[code.slice(0, 2)] ?? UNKNOWN;
}
