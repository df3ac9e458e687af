import pg from 'pg';
import type { KeyView } from '../../../../lib/line/store.js';
import { systemClock } from '../../../../lib/util/clock.js';
import { pastRaces } from '../../../../lib/stores/sql/races.js';
import { PostgresCommands } from '../../../../lib/stores/postgres/postgres-commands.js';
import { speakerOf } from '../../../../lib/stores/postgres/postgres-errors.js';
import { PostgresLink } from '../../../../lib/stores/postgres/postgres-link.js';
import { ensureSchema } from '../../../../lib/stores/postgres/postgres-schema.js';
import { functionName, quoted } from '../../../../lib/stores/postgres/names.js';
import { type Command, SESSIONS } from '../../../support/command-play.js';

/** Stands for the server's clock, and writes down which command read it when: after it had locked its row. */
const CLOCK = `RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF current_setting('test.command') <> '' THEN
    INSERT INTO test_order (command) VALUES (current_setting('test.command')::integer);
  END IF;
  RETURN current_setting('test.now_us')::bigint;
END $$`;

const speaker = speakerOf('the test');

/** The functions as they are, but with a clock that the test sets; each lane is a connection of its own. */
export class TimedCommands {
  private constructor(
    private readonly lanes: readonly Lane[],
    private readonly clients: readonly pg.Pool[],
  ) {}

  static async open(url: string, isolation: string, lanes: number): Promise<TimedCommands> {
    const options = `-c default_transaction_isolation=${isolation.replaceAll(' ', '\\ ')}`;
    const pools = Array.from(
      { length: lanes },
      () =>
        new pg.Pool({
          connectionString: url,
          max: 1,
          options: `${options} -c test.command= -c test.now_us=0`,
        }),
    );
    const links = pools.map(
      (pool) => new PostgresLink({ clock: systemClock, pool, isOwn: false, silentMs: 60_000 }),
    );
    const table = await ensureSchema(links[0]!, { schema: undefined, table: 'timed' }, speaker);
    const clock = quoted(functionName(table, 'now_us'));
    await links[0]!.query(`CREATE OR REPLACE FUNCTION ${clock}() ${CLOCK}`);
    await links[0]!.query('CREATE TABLE IF NOT EXISTS test_order (place bigserial, command integer)');
    const open = links.map((link) => new Lane(link, new PostgresCommands(link, table, 10_000)));
    return new TimedCommands(open, pools);
  }

  /** All at once, each on a connection of its own. Answers in their order, and in which order they happened. */
  async together(
    commands: readonly Command[],
    nowUs: number,
  ): Promise<{ replies: readonly unknown[]; order: readonly number[] }> {
    const [first] = this.lanes;
    const replies = await Promise.all(
      commands.map((command, index) => this.lanes[index]!.run(command, { index, nowUs })),
    );
    const rows = await first!.query(
      `WITH gone AS (DELETE FROM test_order RETURNING place, command)
       SELECT command FROM gone GROUP BY command ORDER BY max(place)`,
    );
    const seen = rows.map(([command]) => Number(command));
    // Whoever never saw the clock found no row: there was none yet.
    const unseen = commands.map((_, index) => index).filter((index) => !seen.includes(index));
    return { replies, order: [...unseen, ...seen] };
  }

  inspect(key: string, nowUs: number): Promise<KeyView> {
    return this.lanes[0]!.inspect(key, nowUs);
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((pool) => pool.end()));
  }
}

/** One connection. */
class Lane {
  constructor(
    private readonly link: PostgresLink,
    private readonly commands: PostgresCommands,
  ) {}

  query(text: string): Promise<readonly (readonly unknown[])[]> {
    return this.link.query(text);
  }

  async run(command: Command, at: { index: number; nowUs: number }): Promise<unknown> {
    await this.set(String(at.index), at.nowUs);
    const isRace = (error: unknown): boolean => speaker.verdictOn(error).isRace === true;
    return pastRaces(systemClock, isRace, () => this.send(command));
  }

  async inspect(key: string, nowUs: number): Promise<KeyView> {
    await this.set('', nowUs);
    return this.commands.inspect(key);
  }

  private async set(command: string, nowUs: number): Promise<void> {
    const sql = `SELECT set_config('test.command', $1, false), set_config('test.now_us', $2, false)`;
    await this.link.query(sql, [command, String(nowUs)]);
  }

  private async send(command: Command): Promise<unknown> {
    const { commands } = this;
    if (command.do === 'acquire') {
      return (await commands.acquire([command.request], SESSIONS.indexOf(command.session)))[0];
    }
    if (command.do === 'renew') return commands.renew([command]);
    return command.do === 'release' ? commands.release(command) : commands.forceRelease(command.key);
  }
}
