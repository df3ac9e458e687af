import { SessionClosed, type Speaker, type Verdict } from '../sql/sql-errors.js';

export const STORE_NAME = 'mysql';

const RACE: Verdict = {
  isTransient: true,
  isRace: true,
  advice: 'Other commands met this one too often; ask again.',
};
const RIGHTS: Verdict = {
  isTransient: false,
  advice: 'Give the user the rights that the store page lists.',
};
const READ_ONLY: Verdict = {
  isTransient: true,
  advice: 'It is read-only: name the primary, or wait for the fail-over to end.',
};
const FULL: Verdict = {
  isTransient: true,
  advice: 'It has no free connection: raise max_connections, or use fewer.',
};
const CANCELLED: Verdict = {
  isTransient: true,
  advice: 'The statement was cancelled, perhaps by a limit on its time.',
};
const GOING: Verdict = { isTransient: true, advice: 'It is stopping, or ended the connection; ask again.' };

/**
 * What the server's error numbers mean here.
 *
 * @see https://mariadb.com/kb/en/mariadb-error-code-reference/
 */
const VERDICTS: ReadonlyMap<number, Verdict> = new Map([
  [1213, RACE],
  [1062, RACE],
  [1020, RACE],
  // Two seconds of waiting are no race: whoever asked asks again, and knows what to tell when its time is over.
  [
    1205,
    { isTransient: true, advice: 'A transaction has held the row of the lock for seconds: look for it.' },
  ],
  [1044, RIGHTS],
  [1142, RIGHTS],
  [1143, RIGHTS],
  [1227, RIGHTS],
  [1370, RIGHTS],
  [1045, { isTransient: false, advice: 'Check the user name and password of the store.' }],
  [1698, { isTransient: false, advice: 'Check the user name and password of the store.' }],
  [1046, { isTransient: false, advice: 'Name a database in the address, or in "table".' }],
  [1049, { isTransient: false, advice: 'Create the database, or name another in the address.' }],
  [1054, { isTransient: false, advice: 'The table has another shape: name another in "table".' }],
  [1146, { isTransient: false, advice: 'The table was dropped: start the application again to make it.' }],
  [1305, { isTransient: false, advice: 'A procedure was dropped: start the application again to make it.' }],
  [1665, { isTransient: false, advice: 'Set binlog_format to ROW or MIXED.' }],
  [1290, READ_ONLY],
  [1792, READ_ONLY],
  [1836, READ_ONLY],
  [1040, FULL],
  [1203, FULL],
  [1226, FULL],
  [1317, CANCELLED],
  [1969, CANCELLED],
  [3024, CANCELLED],
  [1053, GOING],
  [1927, GOING],
  [4031, GOING],
]);
const UNREACHABLE: Verdict = {
  isTransient: true,
  advice: 'Check that the server runs and that the address is right.',
};
const UNKNOWN: Verdict = { isTransient: false, advice: 'This is not an answer that the store knows.' };

/** The server as errors speak of it. `place` is host, port and database. */
export function speakerOf(place: string): Speaker {
  return { store: STORE_NAME, product: 'MySQL', place, verdictOn };
}

/** The server's number of an error that it answered with; undefined for one of the driver or the network. */
export function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errno' in error) || !('sqlState' in error)) return undefined;
  return typeof error.errno === 'number' && error.errno > 0 ? error.errno : undefined;
}

/** An answer after which the connection is still good. */
export function isAnswer(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code !== undefined &&
    VERDICTS.get(code) !== GOING &&
    !('fatal' in Object(error) && (error as { fatal?: unknown }).fatal === true)
  );
}

/** The user may not do what was asked for. */
export function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && VERDICTS.get(code) === RIGHTS;
}

function verdictOn(cause: unknown): Verdict {
  const code = codeOf(cause);
  if (code === undefined) return cause instanceof SessionClosed ? UNKNOWN : UNREACHABLE;
  return VERDICTS.get(code) ?? UNKNOWN;
}
