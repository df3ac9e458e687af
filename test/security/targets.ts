import { MariadbServer } from '../support/mariadb-server.js';
import { PostgresServer } from '../support/postgres-server.js';
import { RedisServer } from '../support/redis-server.js';
import { newZooKeeperClient } from '../support/zookeeper-client.js';
import { ZooKeeperServer } from '../support/zookeeper-server.js';

/** What every password of these servers has in it. */
export const SECRET = 'Hunter2Secret';

/** What stands on a server: where locks may, and everywhere else. */
export interface Seen {
  /** The names under which locks stand. */
  readonly locks: readonly string[];
  /** Everything else, with its content where a key could reach it. */
  readonly rest: readonly string[];
}

/** A server with a password, and the test's own eyes on it. */
export interface Target {
  readonly name: string;
  /** With the password in it. */
  readonly url: string;
  /** True for a name that may stand there for the lock of this key, its namespace before it. */
  isNameOf(name: string, storeKey: string): boolean;
  look(): Promise<Seen>;
  stop(): Promise<void>;
}

/** What may stand behind the first name of a lock in Redis, as docs/redis.md lists it. */
const SUFFIX = /:(ends|who|line|called|asleep|refused:[0-9a-f]{32})$/;

async function redis(): Promise<Target> {
  const server = await RedisServer.start({ password: SECRET });
  await server.admin.set('stranger', 'as it was');
  const look = async (): Promise<Seen> => {
    const names = await server.admin.keys('*');
    const rest = names.filter((name) => !name.startsWith('{'));
    const values = await Promise.all(rest.map(async (name) => `${name}=${await server.admin.get(name)}`));
    return { locks: names.filter((name) => name.startsWith('{')), rest: values };
  };
  const isNameOf = (name: string, storeKey: string): boolean =>
    name === `{${storeKey}}` || (name.startsWith(`{${storeKey}}:`) && SUFFIX.test(name));
  return { name: 'redis', url: server.url, look, isNameOf, stop: () => server.stop() };
}

async function postgres(): Promise<Target> {
  const server = await PostgresServer.start({ password: SECRET });
  await server.admin.query(`CREATE TABLE stranger AS SELECT 'as it was' AS text`);
  const look = async (): Promise<Seen> => ({
    locks: (await server.column(`SELECT encode(key, 'hex') FROM distributed_lock`)).map(String),
    rest: [
      ...(await server.column(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)),
      ...(await server.column('SELECT text FROM stranger')),
    ].map(String),
  });
  const isNameOf = (name: string, storeKey: string): boolean =>
    name === Buffer.from(storeKey).toString('hex');
  return { name: 'postgres', url: server.url, look, isNameOf, stop: () => server.stop() };
}

async function mariadb(): Promise<Target> {
  const server = await MariadbServer.start();
  await server.admin.query(`CREATE USER app@'%' IDENTIFIED BY '${SECRET}'`);
  await server.admin.query(`GRANT ALL ON *.* TO app@'%'`);
  await server.admin.query(`CREATE TABLE stranger AS SELECT 'as it was' AS text`);
  const look = async (): Promise<Seen> => ({
    locks: (await server.column('SELECT LOWER(HEX(id)) FROM distributed_lock')).map(String),
    rest: [
      ...(await server.column(
        'SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1',
      )),
      ...(await server.column('SELECT text FROM stranger')),
    ].map(String),
  });
  const isNameOf = (name: string, storeKey: string): boolean =>
    name === Buffer.from(storeKey).toString('hex');
  return { name: 'mysql', url: server.urlOf('app', SECRET), look, isNameOf, stop: () => server.stop() };
}

async function zookeeper(): Promise<Target> {
  const server = await ZooKeeperServer.start();
  const { client } = newZooKeeperClient([server.port], {
    auth: { scheme: 'digest', credentials: `app:${SECRET}` },
  });
  await client.connect();
  await client.create('/stranger', Buffer.from('as it was'), 'persistent');
  const look = async (): Promise<Seen> => {
    const { names } = await client.children('/distributed-lock');
    return { locks: names.map(decodeURIComponent), rest: (await client.children('/')).names.toSorted() };
  };
  const stop = async (): Promise<void> => {
    await client.close();
    await server.stop();
  };
  const url = server.url.replace('//', `//app:${SECRET}@`);
  const isNameOf = (name: string, storeKey: string): boolean => name === storeKey;
  return { name: 'zookeeper', url, look, isNameOf, stop };
}

export const STARTS = { redis, postgres, mysql: mariadb, zookeeper };
