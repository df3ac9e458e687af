import type { Server } from 'node:http';
import type { INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test, type TestingModule } from '@nestjs/testing';

export const PLATFORMS = ['express', 'fastify'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** A log that tests can read. */
export class LogLines implements LoggerService {
  readonly lines: string[] = [];

  log(): void {}
  verbose(): void {}
  debug(message: unknown): void {
    this.lines.push(`debug ${String(message)}`);
  }
  warn(message: unknown): void {
    this.lines.push(`warn ${String(message)}`);
  }
  error(message: unknown): void {
    this.lines.push(`error ${String(message)}`);
  }

  at(level: string): string[] {
    return this.lines.filter((line) => line.startsWith(level));
  }
}

export interface Served {
  readonly app: INestApplication;
  readonly url: string;
  readonly log: LogLines;
  /** How many requests have come in. */
  requests(): number;
}

export interface Serving {
  /** True where open connections must not be cut when it closes. Default false. */
  readonly keepsConnections?: boolean;
  /** Called before it listens. */
  readonly prepare?: (app: INestApplication) => void;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  json(): unknown;
}

/** An application of these parts that answers on a free port. */
export async function serve(
  platform: Platform,
  metadata: ModuleMetadata,
  { keepsConnections = false, prepare }: Serving = {},
): Promise<Served> {
  const log = new LogLines();
  const app = application(platform, await compile(metadata, log), !keepsConnections);
  app.useLogger(log);
  let requests = 0;
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  (app.getHttpServer() as Server).on('request', () => requests++);
  return { app, url: await app.getUrl(), log, requests: () => requests };
}

export function compile(
  metadata: ModuleMetadata,
  log: LoggerService = new LogLines(),
): Promise<TestingModule> {
  return Test.createTestingModule(metadata).setLogger(log).compile();
}

function application(
  platform: Platform,
  module: TestingModule,
  forceCloseConnections: boolean,
): INestApplication {
  if (platform === 'express') return module.createNestApplication({ forceCloseConnections });
  const adapter = new FastifyAdapter(forceCloseConnections ? { forceCloseConnections } : {});
  return module.createNestApplication<NestFastifyApplication>(adapter);
}

export async function send(
  url: string,
  init: { method?: string; body?: unknown; headers?: object } = {},
): Promise<Answer> {
  const { method = 'POST', body, headers } = init;
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(url, {
    method,
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    text,
    headers: response.headers,
    json: () => JSON.parse(text) as unknown,
  };
}
