import { createHash } from 'node:crypto';
import type {
  AcquireReply,
  AcquireRequest,
  KeyPage,
  KeyView,
  LeaseRequest,
  ListRequest,
  ReleaseRequest,
} from '../../line/store.js';
import { acquireReplyOf, keyViewOf, numbersOf, toUs } from '../sql/replies.js';
import type { Polled, SqlCommands, Swept } from '../sql/sql-commands.js';
import { type Call, type CallArgument, encode } from './call.js';
import { functionName, quoted, type TableName } from './names.js';
import type { PostgresLink } from './postgres-link.js';
import * as calls from './statements.generated.js';

/** How a statement is sent: the link, or what a test puts there. */
export type Queries = Pick<PostgresLink, 'query' | 'close'>;

/** A call of a function, which connections keep prepared. */
interface Prepared {
  readonly text: string;
  readonly name: string;
}

/** The statements of a session: each is one call of one function. */
export class PostgresCommands implements SqlCommands {
  private readonly statements = new Map<string, Prepared>();

  constructor(
    private readonly link: Queries,
    private readonly table: TableName,
    private readonly toleranceMs: number,
  ) {}

  async acquire(requests: readonly AcquireRequest[], session: number): Promise<readonly AcquireReply[]> {
    const [first, second] = requests;
    if (second !== undefined) return this.acquireOne(requests, session);
    const { keys, owner, capacity, weight, leaseMs, takesPlace, replaces = null, leastTokens = [] } = first!;
    const leaseUs = toUs(leaseMs);
    const args = [keys, owner, session, capacity, weight, leaseUs, takesPlace, replaces] as const;
    const text = await this.call(calls.acquire, [...args, leastTokens, this.toleranceUs]);
    return [acquireReplyOf(text!)];
  }

  async renew(leases: readonly LeaseRequest[]): Promise<readonly number[]> {
    const keys = leases.map(({ key }) => key);
    const owners = leases.map(({ owner }) => owner);
    const leasesUs = leases.map(({ leaseMs }) => toUs(leaseMs));
    const text = await this.call(calls.renew, [keys, owners, leasesUs, this.toleranceUs]);
    return numbersOf(text!).map((restUs) => restUs / 1000);
  }

  async release({ keys, owner, refuses, keepMs }: ReleaseRequest): Promise<void> {
    await this.call(calls.release, [keys, owner, refuses, toUs(keepMs), this.toleranceUs]);
  }

  async inspect(key: string): Promise<KeyView> {
    return keyViewOf(await this.call(calls.inspect, [key]));
  }

  /** A place is the last key that was looked at, in hexadecimal. */
  async list({ prefix, from, most }: ListRequest): Promise<KeyPage> {
    // In no UTF-8 there is a byte ff: so ends what begins with the prefix.
    const sql =
      `SELECT encode(t.key, 'hex'), (t.line_owner <> '{}' OR EXISTS (SELECT FROM unnest(t.holder_ends_us) AS e ` +
      `WHERE e > ${quoted(functionName(this.table, 'now_us'))}()))::text FROM ${quoted(this.table)} t ` +
      `WHERE t.key >= $1::bytea AND t.key < $1::bytea || '\\xff'::bytea AND ($2::bytea IS NULL OR t.key > $2::bytea) ` +
      `ORDER BY t.key LIMIT $3::integer`;
    const after = from === undefined ? null : `\\x${from}`;
    const rows = await this.link.query(sql, [encode('bytea', prefix), after, String(most)]);
    const used = rows.filter(([, isInUse]) => isInUse === 'true');
    return {
      keys: used.map(([hex]) => Buffer.from(hex as string, 'hex').toString()),
      hashes: [],
      next: rows.length < most ? undefined : (rows.at(-1)![0] as string),
    };
  }

  async forceRelease(key: string): Promise<boolean> {
    return (await this.call(calls.forceRelease, [key, this.toleranceUs])) === '1';
  }

  async called(waiters: ReadonlyMap<string, string>): Promise<Polled> {
    const keys = [...new Set(waiters.values())];
    const text = await this.call(calls.called, [keys, [...waiters.keys()]]);
    const [mark = '', ...called] = (text ?? '').split(' ');
    return { mark, called };
  }

  /** A place is the last key that was looked at, in hexadecimal. */
  async sweep(place: string, most: number): Promise<Swept> {
    const sql = `SELECT ${this.nameOf(calls.sweep)}(decode($1, 'hex'), $2::integer)`;
    const [scanned, deleted, last = ''] = (await this.column(sql, [place, String(most)]))[0]!.split(' ');
    return { scanned: Number(scanned), deleted: Number(deleted), place: last };
  }

  close(): Promise<void> {
    return this.link.close();
  }

  /** Several of one key, one after the other in one statement. */
  private async acquireOne(
    requests: readonly AcquireRequest[],
    session: number,
  ): Promise<readonly AcquireReply[]> {
    const columns: readonly (readonly [
      type: string,
      values: readonly (string | number | boolean | null)[],
    ])[] = [
      ['uuid', requests.map(({ owner }) => owner)],
      ['integer', requests.map(({ capacity }) => capacity)],
      ['integer', requests.map(({ weight }) => weight)],
      ['bigint', requests.map(({ leaseMs }) => toUs(leaseMs))],
      ['boolean', requests.map(({ takesPlace }) => takesPlace)],
      ['uuid', requests.map(({ replaces = null }) => replaces)],
      ['bigint', requests.map(({ leastTokens: [least = null] = [] }) => least)],
    ];
    const arrays = columns.map(([type], index) => `$${index + 4}::${type}[]`).join(', ');
    const sql =
      `SELECT ${this.nameOf(calls.acquire)}($1::bytea[], r.owner, $2::bigint, r.capacity, r.weight, r.lease_us, ` +
      `r.takes_place, r.replaces, ARRAY[r.least_token], $3::bigint) ` +
      `FROM unnest(${arrays}) AS r (owner, capacity, weight, lease_us, takes_place, replaces, least_token)`;
    const values = columns.map(([, list]) => `{${list.map((one) => String(one ?? 'NULL')).join(',')}}`);
    const common = [encode('bytea[]', requests[0]!.keys), String(session), String(this.toleranceUs)];
    return (await this.column(sql, [...common, ...values])).map((text) => acquireReplyOf(text!));
  }

  private get toleranceUs(): number {
    return toUs(this.toleranceMs);
  }

  private nameOf({ name }: { readonly name: string }): string {
    return quoted(functionName(this.table, name));
  }

  private async call<Args extends readonly CallArgument[]>(
    call: Call<Args>,
    args: Args,
  ): Promise<string | null> {
    const { text, name } = this.statementOf(call);
    const values = call.types.map((type, index) => encode(type, args[index]!));
    const [answer = null] = await this.column(text, values, name);
    return answer;
  }

  private statementOf({ name, types }: Pick<Call<never>, 'name' | 'types'>): Prepared {
    let statement = this.statements.get(name);
    if (!statement) {
      const places = types.map((type, index) => `$${index + 1}::${type}`);
      const text = `SELECT ${this.nameOf({ name })}(${places.join(', ')})`;
      // Sessions of several schemas may share a connection: the name stands for the whole text.
      statement = { text, name: createHash('sha1').update(text).digest('hex') };
      this.statements.set(name, statement);
    }
    return statement;
  }

  private async column(
    text: string,
    values: readonly (string | null)[],
    name?: string,
  ): Promise<readonly (string | null)[]> {
    const rows = await this.link.query(text, values, name);
    return rows.map(([first]) => first as string | null);
  }
}
