// Compiled, never run: the package against the surface that was promised (api.d.ts). A line that does not compile names
// what was broken. Users give options and stores, and get handles, errors and states: assignability is asked that way.
import type * as api from 'api';
import type * as apiMysql from 'api/mysql';
import type * as apiPostgres from 'api/postgres';
import type * as apiRedis from 'api/redis';
import type * as apiTesting from 'api/testing';
import type * as apiUrl from 'api/url';
import type * as apiZookeeper from 'api/zookeeper';
import type * as ours from 'nestjs-distributed-lock';
import type * as oursMysql from 'nestjs-distributed-lock/mysql';
import type * as oursPostgres from 'nestjs-distributed-lock/postgres';
import type * as oursRedis from 'nestjs-distributed-lock/redis';
import type * as oursTesting from 'nestjs-distributed-lock/testing';
import type * as oursUrl from 'nestjs-distributed-lock/url';
import type * as oursZookeeper from 'nestjs-distributed-lock/zookeeper';

/** Compiles where what we give serves as what was promised. */
type Gives<Promised, _Ours extends Promised> = true;
/** Compiles where what users were told to give is enough for us. */
type Takes<Ours, _Promised extends Ours> = true;
/** Compiles for what is true. */
type Is<_Claim extends true> = true;
/** Each serves as the other. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;
/** What holds a store is compared without it: ours has methods that users do not call. */
type WithoutStores<T> = Omit<T, 'store' | 'stores'>;
type Shape<T> = Record<keyof T, unknown>;
/** Nothing else compiles for it. */
type None<T extends never> = [T] extends [never] ? true : never;

export type Names = [
  None<Exclude<keyof typeof api, keyof typeof ours>>,
  None<Exclude<keyof typeof apiMysql, keyof typeof oursMysql>>,
  None<Exclude<keyof typeof apiPostgres, keyof typeof oursPostgres>>,
  None<Exclude<keyof typeof apiRedis, keyof typeof oursRedis>>,
  None<Exclude<keyof typeof apiUrl, keyof typeof oursUrl>>,
  None<Exclude<keyof typeof apiTesting, keyof typeof oursTesting>>,
];

export type Given = [
  Takes<ours.Duration, api.Duration>,
  Takes<ours.LockOptions, api.LockOptions>,
  Takes<ours.ModuleExtras, api.ModuleExtras>,
  Takes<WithoutStores<ours.DistributedLockModuleOptions>, WithoutStores<api.DistributedLockModuleOptions>>,
  Takes<Partial<Shape<ours.DistributedLockModuleOptions>>, Shape<Required<api.DistributedLockModuleOptions>>>,
  Takes<
    Shape<ours.DistributedLockModuleAsyncOptions>,
    Shape<Required<api.DistributedLockModuleAsyncOptions>>
  >,
  Takes<ours.DistributedLockOptions, api.DistributedLockOptions>,
  Takes<ours.StoreOptions, api.StoreOptions>,
  Takes<Parameters<typeof ours.quorumStore>[1], Parameters<typeof api.quorumStore>[1]>,
  Takes<oursMysql.MysqlStoreOptions, Parameters<typeof apiMysql.mysqlStore>[0]>,
  Takes<oursPostgres.PostgresStoreOptions, Parameters<typeof apiPostgres.postgresStore>[0]>,
  Takes<oursZookeeper.ZooKeeperStoreOptions, Parameters<typeof apiZookeeper.zookeeperStore>[0]>,
  Takes<oursRedis.RedisConnection, apiRedis.RedisConnection>,
  Takes<oursRedis.RedisWaiting, apiRedis.RedisWaiting>,
  Takes<Parameters<typeof ours.lockKey>, Parameters<typeof api.lockKey>>,
  Takes<Parameters<typeof oursUrl.storeFromUrl>, Parameters<typeof apiUrl.storeFromUrl>>,
  Takes<
    Parameters<typeof oursTesting.describeLockStore>[2],
    Parameters<typeof apiTesting.describeLockStore>[2]
  >,
  // Every option that was promised has its name.
  None<Exclude<keyof api.LockOptions, keyof ours.LockOptions>>,
  None<Exclude<keyof api.DistributedLockOptions, keyof ours.DistributedLockOptions>>,
  None<Exclude<keyof api.DistributedLockModuleOptions, keyof ours.DistributedLockModuleOptions>>,
  None<Exclude<keyof api.DistributedLockModuleAsyncOptions, keyof ours.DistributedLockModuleAsyncOptions>>,
  None<Exclude<keyof apiRedis.RedisWaiting, keyof oursRedis.RedisWaiting>>,
];

export type Gotten = [
  Is<Same<ours.Duration, api.Duration>>,
  Is<Same<ours.LockErrorCode, api.LockErrorCode>>,
  Is<Same<ours.Lockable, api.Lockable>>,
  Is<Same<ours.LockState, api.LockState>>,
  Gives<api.LockHandle, ours.LockHandle>,
  Gives<api.LockService, ours.LockService>,
  Gives<api.StoreCapabilities, ours.StoreCapabilities>,
  Gives<api.LockStore, ours.LockStore>,
  Gives<api.LockError, ours.LockError>,
  Gives<api.LockTimeoutError, ours.LockTimeoutError>,
  Gives<api.LockLostError, ours.LockLostError>,
  Gives<api.LockStoreError, ours.LockStoreError>,
  Gives<api.LockKeyError, ours.LockKeyError>,
  Gives<api.LockUpgradeError, ours.LockUpgradeError>,
  Gives<api.LockUnsupportedError, ours.LockUnsupportedError>,
  Gives<api.LockConfigError, ours.LockConfigError>,
  Gives<api.LockClosedError, ours.LockClosedError>,
  Gives<ReturnType<typeof apiTesting.scriptedStore>, ReturnType<typeof oursTesting.scriptedStore>>,
];

type Statics<T extends { forRoot: unknown; forRootAsync: unknown }> = Pick<T, 'forRoot' | 'forRootAsync'>;

export type Functions = [
  Gives<typeof api.duration, typeof ours.duration>,
  Gives<typeof api.lockKey, typeof ours.lockKey>,
  Gives<typeof api.isLockError, typeof ours.isLockError>,
  Gives<typeof api.memoryStore, typeof ours.memoryStore>,
  Gives<typeof api.CurrentLock, typeof ours.CurrentLock>,
  Gives<typeof api.LockKey, typeof ours.LockKey>,
  Gives<typeof api.DistributedLock, typeof ours.DistributedLock>,
  Gives<typeof api.DistributedLockInterceptor, typeof ours.DistributedLockInterceptor>,
  Gives<Statics<typeof api.DistributedLockModule>, Statics<typeof ours.DistributedLockModule>>,
  Gives<typeof apiMysql.mysqlStore, typeof oursMysql.mysqlStore>,
  Gives<typeof apiPostgres.postgresStore, typeof oursPostgres.postgresStore>,
  Gives<typeof apiRedis.redisStore, typeof oursRedis.redisStore>,
  Gives<typeof apiZookeeper.zookeeperStore, typeof oursZookeeper.zookeeperStore>,
  Gives<typeof apiUrl.storeFromUrl, typeof oursUrl.storeFromUrl>,
];
