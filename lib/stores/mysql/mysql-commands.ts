import type {
  AcquireReply,
  AcquireRequest,
  KeyPage,
  KeyView,
  LeaseRequest,
  ListRequest,
  ReleaseRequest,
} from '../../line/store.js';
import { MODE_CAPACITY } from '../../line/store.js';
import { acquireReplyOf, numbersOf, toUs } from '../sql/replies.js';
import type { Polled, SqlCommands, Swept } from '../sql/sql-commands.js';
import type { MysqlLink, Row, Value } from './mysql-link.js';
import { idOf, nameOf, procedureName, quoted, type TableName } from './names.js';
import { holdersOf, ownersCalled } from './packed.js';

/** How a statement is sent: the link, or what a test puts there. */
export type Queries = Pick<MysqlLink, 'query' | 'close'>;

/** The statements of a session: each but the poll is one call of one procedure. */
export class MysqlCommands implements SqlCommands {
  private readonly toleranceUs: number;

  constructor(
    private readonly link: Queries,
    private readonly table: TableName,
    toleranceMs: number,
  ) {
    this.toleranceUs = toUs(toleranceMs);
  }

  /** No messages are sent, so the session says nothing. */
  async acquire(requests: readonly AcquireRequest[]): Promise<readonly AcquireReply[]> {
    const { keys, owner, capacity, weight, leaseMs, takesPlace, leastTokens = [] } = requests[0]!;
    if (keys.length > 1) {
      const least = leastTokens.map((token) => `${token} `).join('');
      const args = [hexes(keys), owner, capacity, weight, toUs(leaseMs), takesPlace, least, this.toleranceUs];
      return [acquireReplyOf(await this.text('acquire', args))];
    }
    const asked = requests.map(asText).join('');
    const answer = await this.text('ask', [idOf(keys[0]!), asked, this.toleranceUs]);
    return answer.slice(0, -1).split(',').map(acquireReplyOf);
  }

  async renew(leases: readonly LeaseRequest[]): Promise<readonly number[]> {
    // Rows are locked in the order of the keys, whatever the order here.
    const sorted = leases
      .map((lease, index) => ({ ...lease, index, bytes: Buffer.from(lease.key) }))
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    const text = sorted.map(({ key, owner, leaseMs }) => `${hex(key)} ${owner} ${toUs(leaseMs)},`).join('');
    const restsUs = numbersOf(await this.text('renew', [text, this.toleranceUs]));
    const rests: number[] = [];
    for (const [at, { index }] of sorted.entries()) rests[index] = restsUs[at]! / 1000;
    return rests;
  }

  async release({ keys, owner, refuses, keepMs }: ReleaseRequest): Promise<void> {
    await this.call('release', [hexes(keys), owner, refuses, toUs(keepMs), this.toleranceUs]);
  }

  async inspect(key: string): Promise<KeyView> {
    const [row] = await this.call('inspect', [idOf(key)]);
    if (!row) return { capacity: MODE_CAPACITY, holders: [], waiters: 0 };
    const [capacity, waiters, packed, nowUs] = row;
    const holders = holdersOf(String(packed), Number(nowUs));
    const isUsed = holders.length > 0 || Number(waiters) > 0;
    return { capacity: isUsed ? Number(capacity) : MODE_CAPACITY, holders, waiters: Number(waiters) };
  }

  /** A place is the last row that was looked at, in hexadecimal. Those whose key is hashed come first, whatever it began with. */
  async list({ prefix, from = '', most }: ListRequest): Promise<KeyPage> {
    const first = Buffer.from(prefix);
    // In no UTF-8 there is a byte ff: so ends what begins with the prefix.
    const end = Buffer.concat([first, Buffer.of(0xff)]);
    const sql =
      `SELECT HEX(id), LENGTH(line), holders, ` +
      `TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6)) FROM ${quoted(this.table)} ` +
      `WHERE id > ? AND (id < ? OR id >= ? AND id < ?) ORDER BY id LIMIT ?`;
    const values = [Buffer.from(from, 'hex'), Buffer.of(1), first, end, most];
    const rows = await this.link.query(sql, values);
    const used = rows.filter(
      ([, line, packed, nowUs]) => Number(line) > 0 || holdersOf(String(packed), Number(nowUs)).length > 0,
    );
    const names = used.map(([id]) => nameOf(Buffer.from(String(id), 'hex')));
    return {
      keys: names.flatMap(({ key }) => key ?? []),
      hashes: names.flatMap(({ hash }) => hash ?? []),
      next: rows.length < most ? undefined : String(rows.at(-1)![0]),
    };
  }

  async forceRelease(key: string): Promise<boolean> {
    return (await this.text('force_release', [idOf(key), this.toleranceUs])) === '1';
  }

  async called(waiters: ReadonlyMap<string, string>): Promise<Polled> {
    const ids = [...new Set(waiters.values())].map(idOf);
    const sql =
      `SELECT CONCAT(last_token, ' ', LENGTH(holders)), IF(LOCATE('k', line) > 0, line, '') ` +
      `FROM ${quoted(this.table)} WHERE id IN (?) ORDER BY id`;
    const rows = await this.link.query(sql, [ids]);
    const called = rows.flatMap(([, line]) => ownersCalled(String(line)));
    return {
      mark: rows.map(([hands]) => String(hands)).join(),
      called: called.filter((owner) => waiters.has(owner)),
    };
  }

  /** A place is the last row that was looked at, in hexadecimal. */
  async sweep(place: string, most: number): Promise<Swept> {
    const [row = []] = await this.call('sweep', [Buffer.from(place, 'hex'), most]);
    const [scanned, deleted, last] = row;
    return {
      scanned: Number(scanned),
      deleted: Number(deleted),
      place: typeof last === 'string' ? last : '',
    };
  }

  close(): Promise<void> {
    return this.link.close();
  }

  private async text(name: string, values: readonly Value[]): Promise<string> {
    return String((await this.call(name, values))[0]![0]);
  }

  private call(name: string, values: readonly Value[]): Promise<readonly Row[]> {
    const places = values.map(() => '?').join(', ');
    return this.link.query(`CALL ${quoted(procedureName(this.table, name))}(${places})`, values);
  }
}

function asText(request: AcquireRequest): string {
  const {
    owner,
    capacity,
    weight,
    leaseMs,
    takesPlace,
    replaces = '-',
    leastTokens: [least = 0] = [],
  } = request;
  return `${owner} ${capacity} ${weight} ${toUs(leaseMs)} ${takesPlace ? 1 : 0} ${least} ${replaces},`;
}

function hex(key: string): string {
  return idOf(key).toString('hex');
}

function hexes(keys: readonly string[]): string {
  return keys.map((key) => `${hex(key)} `).join('');
}
