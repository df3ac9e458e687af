import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  DistributedLockModule,
  type LockOptions,
  LockService,
  type LockStore,
} from 'nestjs-distributed-lock';
import { redisStore } from 'nestjs-distributed-lock/redis';
import type { Library, Locker } from '../library.js';
import { openYardstick } from './yardstick.js';

/** A Nest application with the module and nothing else, as its README begins. */
export async function openOurs(store: LockStore): Promise<INestApplicationContext> {
  const module = DistributedLockModule.forRoot({ store });
  return NestFactory.createApplicationContext(module, { logger: ['warn', 'error', 'fatal'] });
}

/** `acquire` and `release` by hand. */
export async function lockerOf(app: INestApplicationContext, options: LockOptions = {}): Promise<Locker> {
  const locks = app.get(LockService);
  return {
    async acquire(key, waitTime) {
      const lock = await locks.acquire(key, { ...options, waitTime });
      return () => lock.release();
    },
    close: () => app.close(),
  };
}

export const library: Library = {
  name: 'ours',
  npmPackage: 'nestjs-distributed-lock',
  role: 'ours',
  ground: 'redis',
  open: async ([url = '']) => lockerOf(await openOurs(redisStore({ url }))),
  openYardstick,
};
