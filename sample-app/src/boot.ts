import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { LockService } from 'nestjs-distributed-lock';
import { AppModule } from './app.module.js';
import { type Settings, SettingsError } from './settings.js';

/** An instance that listens. */
export interface RunningApp {
  readonly app: INestApplication;
  /** Without a slash at the end. */
  readonly url: string;
}

/**
 * Starts an instance; it ends by itself on SIGTERM or SIGINT.
 * @throws SettingsError, LockError: what to change, in one line
 */
export async function boot(settings: Settings): Promise<RunningApp> {
  const app = await NestFactory.create(AppModule.with(settings), {
    // What goes wrong is thrown, and told once, by who called.
    abortOnError: false,
    bufferLogs: true,
    autoFlushLogs: false,
    logger: ['warn', 'error', 'fatal'],
  });
  app.enableShutdownHooks();
  try {
    await app.init();
    // The lock module would go on without its server and try again. In a sample it is rather a wrong LOCK_URL.
    await app.get(LockService).inspect('boot');
    await app.listen(settings.port, settings.host);
  } catch (error) {
    throw worded(error, settings);
  }
  app.flushLogs();
  return { app, url: (await app.getUrl()).replace(/\/$/, '') };
}

/** The one line for the terminal. */
export function lineOf(error: unknown): string {
  const { message } = error instanceof Error ? error : new Error(String(error));
  return message.replace(/\s*\n\s*/g, ' ');
}

function worded(error: unknown, { host, port }: Settings): unknown {
  const { code } = error as { code?: string };
  const address = `${host}:${port}`;
  if (code === 'EADDRINUSE')
    return new SettingsError(`${address} is in use already. Set PORT to a free port.`, { cause: error });
  if (code === 'EACCES')
    return new SettingsError(`${address} may not be opened. Set PORT above 1023.`, { cause: error });
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new SettingsError(`HOST ${JSON.stringify(host)} is no address of this machine.`, { cause: error });
  return error;
}
