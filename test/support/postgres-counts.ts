import type { Pool } from 'pg';

/** What clients sent while something ran: how often each function was called, and everything else by its text. */
export interface StatementCounts {
  readonly calls: Readonly<Record<string, number>>;
  readonly others: readonly string[];
}

const CALL =
  /SELECT "\w+"\."[^"]+?_(acquire|release|renew|inspect|force_release|called|sweep|lock_row|make_row|end_holder)_[0-9a-f]{8}"\(/;
/** What a session does at its own pace: the beat of its ear, and the sweep. */
const AT_ITS_PACE = /^SELECT \$1$|_sweep_[0-9a-f]{8}"/;

/** Counts what the server was sent during `work`, by anybody but `admin`. It must have loaded pg_stat_statements. */
export async function countStatements(admin: Pool, work: () => Promise<unknown>): Promise<StatementCounts> {
  await admin.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  await admin.query('SELECT pg_stat_statements_reset()');
  await work();
  const { rows } = await admin.query<{ query: string; calls: string }>(
    `SELECT query, calls FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%' AND toplevel`,
  );
  const seen = rows.filter(({ query }) => !AT_ITS_PACE.test(query));
  const calls: Record<string, number> = {};
  for (const { query, calls: count } of seen) {
    const name = CALL.exec(query)?.[1];
    if (name !== undefined) calls[name] = (calls[name] ?? 0) + Number(count);
  }
  return { calls, others: seen.map(({ query }) => query).filter((query) => !CALL.test(query)) };
}
