/**
 * The public surface as it was promised, under other names: `api` stands for `nestjs-distributed-lock`.
 * `compatible.types.ts` holds the package against it. What stands here does not change; additions belong in lib/ only.
 */
/// <reference lib="esnext.disposable" />

// ------------------------------------------------------------------ api
declare module 'api' {
  import type { DynamicModule, InjectionToken, ModuleMetadata, Type } from '@nestjs/common';
  import type { Observable } from 'rxjs';

  /** Milliseconds, or '250ms', '3s', '5m', '1h'. What the type lets through by mistake ('-5s', '5 s') is a LockConfigError. */
  export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h'}`;
  /** Parses a text, from the environment say; LockConfigError where it is none. */
  export function duration(text: string): number;

  export class DistributedLockModule {
    static forRoot(options?: DistributedLockModuleOptions & ModuleExtras): DynamicModule;
    static forRootAsync(options: DistributedLockModuleAsyncOptions): DynamicModule;
  }
  export interface ModuleExtras {
    /** Default true. Given beside the factory, not returned by it. */
    isGlobal?: boolean;
  }
  export interface DistributedLockModuleOptions {
    /** Default memoryStore(): one warning at boot; with NODE_ENV=production a LockConfigError unless memoryStore() is written out. */
    store?: LockStore;
    stores?: Record<string, LockStore>;
    /** Default 'lock'. */
    namespace?: string;
    /** Default '5s'. */
    waitTime?: Duration;
    /** Default '10s'. The lease that is renewed where no leaseTime is given. */
    watchdogTimeout?: Duration;
    /** Default '5s'. */
    shutdownTimeout?: Duration;
    /** Default true: a global exception filter that words LockErrors for the protocol. */
    exceptionFilter?: boolean;
  }
  export interface DistributedLockOptionsFactory {
    createDistributedLockOptions(): DistributedLockModuleOptions | Promise<DistributedLockModuleOptions>;
  }
  export interface DistributedLockModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'>, ModuleExtras {
    inject?: InjectionToken[];
    useFactory?: (...deps: any[]) => DistributedLockModuleOptions | Promise<DistributedLockModuleOptions>;
    useClass?: Type<DistributedLockOptionsFactory>;
    useExisting?: Type<DistributedLockOptionsFactory>;
  }

  export interface LockOptions {
    /** Infinity is legal here only. */
    waitTime?: Duration;
    /** The hold ends then, never renewed. */
    leaseTime?: Duration;
    /** Default 'exclusive'. */
    mode?: 'exclusive' | 'shared';
    /** A semaphore of that many permits; not with mode 'shared'. */
    permits?: number;
    /** How many of them this request takes; default 1. */
    weight?: number;
    fair?: boolean;
    minHoldTime?: Duration;
    store?: string;
    signal?: AbortSignal;
  }

  export abstract class LockService {
    withLock<T>(key: string | readonly string[], work: (lock: LockHandle) => T | Promise<T>): Promise<T>;
    withLock<T>(key: string | readonly string[], options: LockOptions, work: (lock: LockHandle) => T | Promise<T>): Promise<T>;
    acquire(key: string | readonly string[], options?: LockOptions): Promise<LockHandle>;
    /** waitTime 0 unless given; null where acquire would throw LockTimeoutError. */
    tryAcquire(key: string | readonly string[], options?: LockOptions): Promise<LockHandle | null>;
    /** The innermost hold of this async context, or the one of that key. */
    current(key?: string): LockHandle | undefined;
    inspect(key: string, options?: { store?: string }): Promise<LockState>;
    /** True where somebody held it. Holders are told at their next renewal. */
    forceRelease(key: string, options?: { store?: string }): Promise<boolean>;
  }

  /** A class only so that decorated parameters can name it; nobody constructs one. */
  export abstract class LockHandle implements AsyncDisposable {
    readonly key: string;
    readonly keys: readonly string[];
    /** Names the grant on the server; local hand-offs of one grant share it. */
    readonly owner: string;
    /** Of the one key. @throws LockConfigError where several are held: use fencingTokenOf. */
    readonly fencingToken: number;
    fencingTokenOf(key: string): number;
    /** Aborts with a LockLostError. */
    readonly signal: AbortSignal;
    /** By the local deadline. */
    readonly isHeld: boolean;
    remainingMs(): number;
    /** @throws LockLostError */
    assertHeld(): void;
    /** Lengthens the lease to at least that much from now; a watchdog goes on. @throws LockLostError, LockUnsupportedError */
    extend(leaseTime: Duration): Promise<void>;
    /** A second call does nothing. */
    release(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
  }

  export interface LockState {
    key: string;
    holders: { owner: string; fencingToken: number; mode: 'exclusive' | 'shared'; weight: number; remainingMs: number }[];
    waiters: number;
  }

  /** key`vote:${userSeq}`: a template's escaping by hand. */
  export function lockKey(text: TemplateStringsArray, ...values: (string | number | bigint | boolean | Date)[]): string;

  // ---- decorator
  export type Lockable = PromiseLike<unknown> | Observable<unknown> | AsyncIterable<unknown>;
  type Fits<K, M> = M extends (...args: infer P) => Lockable ? (K extends (...args: P) => unknown ? unknown : never) : never;
  export type LockDecorator<K> = <M extends (...args: never[]) => Lockable>(
    target: object, name: string | symbol, descriptor: TypedPropertyDescriptor<M> & Fits<K, M>,
  ) => void;
  export type KeyFunction<A extends never[] = never[]> = (...args: A) => string | readonly string[];
  export interface DistributedLockOptions extends Omit<LockOptions, 'signal'> {
    /** Default 'throw'. 'skip' resolves undefined. With 'skip' or a function, waitTime defaults to 0. */
    whenBusy?: 'throw' | 'skip' | ((...args: any[]) => unknown);
    /** Handlers: 'result' (default) or until the HTTP response is closed. */
    holdUntil?: 'result' | 'response';
  }
  export function DistributedLock(key: string | readonly string[], options?: DistributedLockOptions): LockDecorator<() => unknown>;
  export function DistributedLock<K extends (...args: never[]) => string | readonly string[]>(key: K, options?: DistributedLockOptions): LockDecorator<K>;
  /** The hold, as a parameter of a handler or of a locked service method (there: last and optional). */
  export function CurrentLock(): ParameterDecorator;
  /** Names a parameter for `#<name>` where names are lost. */
  export function LockKey(name: string): ParameterDecorator;
  /** The interceptor that DistributedLock puts on handlers, for those who build on it. */
  export const DistributedLockInterceptor: Type<unknown>;

  // ---- errors
  export type LockErrorCode =
    | 'LOCK_TIMEOUT' | 'LOCK_LOST' | 'LOCK_STORE' | 'LOCK_KEY' | 'LOCK_UPGRADE' | 'LOCK_UNSUPPORTED' | 'LOCK_CONFIG' | 'LOCK_CLOSED';
  export abstract class LockError extends Error {
    readonly code: LockErrorCode;
    readonly key: string | undefined;
    readonly status: number;
    readonly statusCode: number;
    readonly expose: boolean;
  }
  export class LockTimeoutError extends LockError { readonly waitedMs: number; readonly retryAfterMs: number | undefined }
  export class LockLostError extends LockError { readonly fencingToken: number }
  export class LockStoreError extends LockError { readonly store: string; readonly operation: string }
  export class LockKeyError extends LockError {}
  export class LockUpgradeError extends LockError {}
  export class LockUnsupportedError extends LockError { readonly store: string }
  export class LockConfigError extends LockError { readonly option: string }
  export class LockClosedError extends LockError {}
  export function isLockError(error: unknown): error is LockError;

  // ---- stores
  export interface StoreCapabilities {
    readonly shared: boolean; readonly permits: boolean; readonly leases: boolean; readonly fairOrder: boolean;
    /** 'message': woken; 'poll': looks again. */
    readonly wakeUp: 'message' | 'poll';
  }
  /** The port: its name and capabilities are what users see. */
  export interface LockStore { readonly name: string; readonly capabilities: StoreCapabilities }
  export function memoryStore(): LockStore;
  /** restartDelay: how long a node that came back empty is not counted; default the module's watchdogTimeout. */
  export function quorumStore(stores: readonly LockStore[], options?: { restartDelay?: Duration }): LockStore;
  export interface StoreOptions {
    /** How far server clocks may differ or step back before a token could repeat; default '10s'. */
    clockTolerance?: Duration;
  }
}

// ------------------------------------------------------------------ stores by subpath; each loads its driver, the root none
declare module 'api/redis' {
  import type { LockStore, Duration, StoreOptions } from 'api';
  export interface RedisWaiting extends StoreOptions { waiting?: 'notify' | 'spin'; spinInterval?: Duration; waitReplicas?: number }
  /** One of url (redis[s]://), client (ioredis Redis or Cluster, never closed by us), sentinels + name, nodes (Cluster). */
  export type RedisConnection =
    | { url: string } | { client: object }
    | { sentinels: { host: string; port: number }[]; name: string; options?: object }
    | { nodes: { host: string; port: number }[]; options?: object };
  export function redisStore(options: RedisConnection & RedisWaiting): LockStore;
}
declare module 'api/postgres' {
  import type { LockStore, StoreOptions } from 'api';
  /** listenUrl: a direct connection for LISTEN where the pool stands behind a transaction pooler. */
  export function postgresStore(options: ({ url: string } | { pool: object }) & StoreOptions & { strategy?: 'lease' | 'transaction'; table?: string; listenUrl?: string }): LockStore;
}
declare module 'api/mysql' {
  import type { LockStore, StoreOptions } from 'api';
  export function mysqlStore(options: ({ url: string } | { pool: object }) & StoreOptions & { strategy?: 'lease' | 'transaction'; table?: string }): LockStore;
}
declare module 'api/zookeeper' {
  import type { LockStore, Duration } from 'api';
  export function zookeeperStore(options: { connect: string; sessionTimeout?: Duration; root?: string; auth?: { scheme: 'digest'; credentials: string }; tls?: object }): LockStore;
}
declare module 'api/url' {
  import type { LockStore } from 'api';
  /** memory: redis[s]:// redis+spin:// redis+cluster:// redis+sentinel:// postgres[+transaction]:// mysql[+transaction]:// zookeeper://. Loads the driver it needs. */
  export function storeFromUrl(url: string): Promise<LockStore>;
}
declare module 'api/testing' {
  import type { LockStore } from 'api';
  export interface ContractCase { readonly name: string; readonly needs: readonly string[]; run(context: ContractContext): Promise<void> }
  export interface ContractContext { /** A new client of the same back end and namespace. */ open(): Promise<LockStore>; close(store: LockStore): Promise<void> }
  /** The whole contract as data, asserted with node:assert, for any runner. */
  export const lockStoreContract: readonly ContractCase[];
  export function describeLockStore(name: string, context: ContractContext, runner: { describe: (name: string, body: () => void) => void; it: (name: string, body: () => Promise<void>) => void }): void;
  /** A store that says busy, fails, delays or loses on command. */
  export function scriptedStore(): LockStore & { busy(key: string): void; fail(error: Error): void; lose(key: string): void; clear(): void };
}
