export {
  type PostgresConnection,
  postgresStore,
  type PostgresStoreOptions,
  type PostgresWaiting,
} from './postgres-store.js';
