import mysql from 'mysql2/promise';
import type { KeyView } from '../../../../lib/line/store.js';
import { MysqlCommands } from '../../../../lib/stores/mysql/mysql-commands.js';
import { speakerOf } from '../../../../lib/stores/mysql/mysql-errors.js';
import { MysqlLink } from '../../../../lib/stores/mysql/mysql-link.js';
import { ensureSchema } from '../../../../lib/stores/mysql/mysql-schema.js';
import { procedureName, quoted } from '../../../../lib/stores/mysql/names.js';
import { pastRaces } from '../../../../lib/stores/sql/races.js';
import { systemClock } from '../../../../lib/util/clock.js';
import { type Command, SESSIONS } from '../../../support/command-play.js';

/** Stands for the server's clock, and writes down which command read it when: after it had locked its row. */
const CLOCK = `(OUT now_us BIGINT)
SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  IF @test_command IS NOT NULL THEN INSERT INTO test_order (command) VALUES (@test_command); END IF;
  SET now_us = @test_now_us;
END`;

const speaker = speakerOf('the test');

/** The procedures as they are, but with a clock that the test sets; each lane is a connection of its own. */
export class TimedCommands {
  private constructor(
    private readonly lanes: readonly Lane[],
    private readonly pools: readonly mysql.Pool[],
  ) {}

  static async open(url: string, isolation: string, lanes: number): Promise<TimedCommands> {
    const pools = Array.from({ length: lanes }, () => mysql.createPool({ uri: url, connectionLimit: 1 }));
    const links = pools.map(
      (pool) => new MysqlLink({ clock: systemClock, pool, isOwn: false, silentMs: 60_000 }),
    );
    const table = await ensureSchema(links[0]!, { database: undefined, table: 'timed' }, speaker);
    const clock = quoted(procedureName(table, 'now'));
    await links[0]!.query(`DROP PROCEDURE ${clock}`);
    await links[0]!.query(`CREATE PROCEDURE ${clock} ${CLOCK}`);
    await links[0]!.query(
      'CREATE TABLE IF NOT EXISTS test_order (place INT PRIMARY KEY AUTO_INCREMENT, command INT)',
    );
    for (const link of links) await link.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${isolation}`);
    const open = links.map((link) => new Lane(link, new MysqlCommands(link, table, 10_000)));
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
    const rows = await first!.query('SELECT command FROM test_order GROUP BY command ORDER BY MAX(place)');
    await first!.query('DELETE FROM test_order');
    return { replies, order: rows.map(([command]) => Number(command)) };
  }

  inspect(key: string, nowUs: number): Promise<KeyView> {
    return this.lanes[0]!.inspect(key, nowUs);
  }

  async close(): Promise<void> {
    await Promise.all(this.pools.map((pool) => pool.end()));
  }
}

/** One connection. */
class Lane {
  constructor(
    private readonly link: MysqlLink,
    private readonly commands: MysqlCommands,
  ) {}

  query(text: string): Promise<readonly (readonly unknown[])[]> {
    return this.link.query(text);
  }

  async run(command: Command, at: { index: number; nowUs: number }): Promise<unknown> {
    await this.set(at.index, at.nowUs);
    const isRace = (error: unknown): boolean => speaker.verdictOn(error).isRace === true;
    return pastRaces(systemClock, isRace, () => this.send(command));
  }

  async inspect(key: string, nowUs: number): Promise<KeyView> {
    await this.set(null, nowUs);
    return this.commands.inspect(key);
  }

  private async set(command: number | null, nowUs: number): Promise<void> {
    await this.link.query('SET @test_command = ?, @test_now_us = ?', [command, nowUs]);
  }

  private async send(command: Command): Promise<unknown> {
    const { commands } = this;
    if (command.do === 'acquire') {
      if (!SESSIONS.includes(command.session)) throw new Error(`no session ${command.session}`);
      return (await commands.acquire([command.request]))[0];
    }
    if (command.do === 'renew') return commands.renew([command]);
    return command.do === 'release' ? commands.release(command) : commands.forceRelease(command.key);
  }
}
