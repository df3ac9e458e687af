export {
  type MysqlConnection,
  mysqlStore,
  type MysqlStoreOptions,
  type MysqlWaiting,
} from './mysql-store.js';
