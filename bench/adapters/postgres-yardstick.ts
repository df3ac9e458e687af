import pg from 'pg';
import type { Locker } from '../library.js';
import type { Urls } from '../grounds/ground.js';

const MAKE = 'CREATE TABLE IF NOT EXISTS yardstick (key text PRIMARY KEY, value bigint NOT NULL)';
const FILL = 'INSERT INTO yardstick VALUES ($1, 0) ON CONFLICT DO NOTHING';
/** Prepared, as the library's own statements are. */
const WRITE = { name: 'write', text: 'UPDATE yardstick SET value = $2 WHERE key = $1' };
const CHANNEL = 'yardstick';
const ROW = 'a';

/** Two bare writes to one row; and, as the bare hand-off, a write with a message to another connection, which writes. */
export async function openYardstick([url = '']: Urls): Promise<Locker> {
  const clients = [new pg.Client(url), new pg.Client(url)] as const;
  const [one, other] = clients;
  await Promise.all(clients.map((client) => client.connect()));
  await other.query(`LISTEN ${CHANNEL}`);
  // Several processes begin at once.
  await one.query(MAKE).catch(() => undefined);
  await one.query(FILL, [ROW]);
  let value = 0;
  const write = (client: pg.Client): Promise<unknown> => client.query({ ...WRITE, values: [ROW, ++value] });
  return {
    async acquire() {
      await write(one);
      return () => write(one);
    },
    async ping() {
      const heard = new Promise((resolve) => other.once('notification', resolve));
      await one.query(`UPDATE yardstick SET value = ${++value} WHERE key = '${ROW}'; NOTIFY ${CHANNEL}`);
      await heard;
      await write(other);
    },
    close: async () => void (await Promise.all(clients.map((client) => client.end()))),
  };
}
