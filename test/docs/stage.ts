import { type DynamicModule, type ModuleMetadata, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { DistributedLockModule, type LockStore, memoryStore } from 'nestjs-distributed-lock';

const rooms: TestingModule[] = [];

/** An application with these parts, on a store in memory; two of one store are two instances of it. */
export async function boot(
  parts: Pick<ModuleMetadata, 'providers' | 'controllers' | 'imports'>,
  store: LockStore = memoryStore(),
): Promise<TestingModule> {
  @Module({})
  class Root {}
  const root: DynamicModule = {
    module: Root,
    ...parts,
    imports: [DistributedLockModule.forRoot({ store }), ...(parts.imports ?? [])],
  };
  const application = await Test.createTestingModule({ imports: [root] }).compile();
  rooms.push(application);
  return application.init();
}

export async function closeAll(): Promise<void> {
  for (const application of rooms.splice(0)) await application.close();
}

/** The next turn of the event loop, behind everything that is ready to run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
