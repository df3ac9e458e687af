import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the environment decides, checked. */
export interface Settings {
  /** `PORT`; 0 takes a free one. Default 3000. */
  readonly port: number;
  /** `HOST`, the address to listen on. Default 127.0.0.1: this machine only. */
  readonly host: string;
  /** `INSTANCE`, the name in every answer. Default `pid-<process id>`. */
  readonly instance: string;
  /** `LOCK_URL`, where the locks live. Default `memory:`, which other processes do not see. */
  readonly lockUrl: string;
  /** `DATABASE_URL` or `DATABASE_FILE`, where the votes live. Default a file in the temp folder. */
  readonly database: Database;
  /** `WORK_MS`, how long a vote takes between look-up and insert: the window of the race. Default 5. */
  readonly workMs: number;
}

export type Database =
  | { readonly kind: 'file'; readonly path: string; readonly isDefault: boolean }
  | { readonly kind: 'postgres'; readonly url: string };

/** The token of the {@link Settings}. */
export const SETTINGS = Symbol('settings of the voting API');

/** A variable of the environment has a value that cannot be meant. Its message is one line for the terminal. */
export class SettingsError extends Error {}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings; a variable that is set to nothing counts as not set. @throws SettingsError */
export function readSettings(env: Environment): Settings {
  return {
    port: wholeNumber(env, 'PORT', { byDefault: 3000, max: 65_535 }),
    host: text(env, 'HOST', { byDefault: '127.0.0.1', pattern: /^[\w.:-]{1,253}$/ }),
    instance: text(env, 'INSTANCE', { byDefault: `pid-${process.pid}`, pattern: /^[\w.-]{1,40}$/ }),
    lockUrl: env['LOCK_URL'] || 'memory:',
    database: readDatabase(env),
    workMs: wholeNumber(env, 'WORK_MS', { byDefault: 5, max: 10_000 }),
  };
}

function readDatabase(env: Environment): Database {
  const url = env['DATABASE_URL'];
  const file = env['DATABASE_FILE'];
  if (url && file) throw new SettingsError('DATABASE_URL and DATABASE_FILE are both set; set one of them.');
  if (file) return { kind: 'file', path: file, isDefault: false };
  return url ? databaseFromUrl(url) : { kind: 'file', path: defaultFile(), isDefault: true };
}

// The value is never shown: it may hold a password, and so does the error of the URL parser.
function databaseFromUrl(url: string): Database {
  if (url.startsWith('file:')) return { kind: 'file', path: pathOf(url), isDefault: false };
  if (!/^postgres(ql)?:\/\/./.test(url)) {
    throw new SettingsError('DATABASE_URL must begin with postgres:// or file:.');
  }
  if (!URL.canParse(url)) throw new SettingsError('DATABASE_URL is not a well-formed postgres:// URL.');
  return { kind: 'postgres', url };
}

// file:votes.db lies in the working folder, which the URL class cannot say.
function pathOf(url: string): string {
  const path = url.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
  if (/^[^?#%]+$/.test(path) && !path.startsWith('//')) return path;
  throw new SettingsError('DATABASE_URL must be file:/path/to/votes.db, without options or %xx.');
}

// One file for every instance that a user starts, whatever folder it is started in.
function defaultFile(): string {
  return join(tmpdir(), `voting-api-${process.getuid?.() ?? 'user'}`, 'votes.db');
}

function wholeNumber(env: Environment, name: string, bounds: { byDefault: number; max: number }): number {
  const value = env[name];
  if (!value) return bounds.byDefault;
  if (/^\d{1,9}$/.test(value) && Number(value) <= bounds.max) return Number(value);
  throw new SettingsError(
    `${name} is ${JSON.stringify(value)}; it must be a whole number from 0 to ${bounds.max}.`,
  );
}

function text(env: Environment, name: string, rule: { byDefault: string; pattern: RegExp }): string {
  const value = env[name];
  if (!value) return rule.byDefault;
  if (rule.pattern.test(value)) return value;
  throw new SettingsError(`${name} is ${JSON.stringify(value)}; it must match ${String(rule.pattern)}.`);
}
