import { describe, expect, it } from '@jest/globals';
import { readSettings, SettingsError } from '../../sample-app/src/settings.js';

describe('the settings of the voting API', () => {
  it('are good for a first try without any variable', () => {
    expect(readSettings({})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      instance: `pid-${process.pid}`,
      lockUrl: 'memory:',
      database: { kind: 'file', path: expect.stringMatching(/voting-api-\w+.votes\.db$/), isDefault: true },
      workMs: 5,
    });
  });

  it('take a variable that is set to nothing for one that is not set', () => {
    const empty = { PORT: '', HOST: '', INSTANCE: '', LOCK_URL: '', DATABASE_URL: '', WORK_MS: '' };
    expect(readSettings(empty)).toEqual(readSettings({}));
  });

  it.each([
    [{ PORT: '0' }, { port: 0 }],
    [{ PORT: '65535' }, { port: 65_535 }],
    [{ HOST: '::1' }, { host: '::1' }],
    [{ INSTANCE: 'web-1.eu' }, { instance: 'web-1.eu' }],
    [{ LOCK_URL: 'redis://h' }, { lockUrl: 'redis://h' }],
    [{ DATABASE_FILE: 'a b.db' }, { database: { kind: 'file', path: 'a b.db', isDefault: false } }],
    [{ DATABASE_URL: 'file:votes.db' }, { database: { kind: 'file', path: 'votes.db', isDefault: false } }],
    [{ DATABASE_URL: 'file:///v.db' }, { database: { kind: 'file', path: '/v.db', isDefault: false } }],
    [{ DATABASE_URL: 'file:/v.db' }, { database: { kind: 'file', path: '/v.db', isDefault: false } }],
    [{ DATABASE_URL: 'postgres://h/db' }, { database: { kind: 'postgres', url: 'postgres://h/db' } }],
  ])('read %j', (env, expected) => {
    expect(readSettings(env)).toMatchObject(expected);
  });

  it.each([
    [{ PORT: 'http' }, 'PORT is "http"; it must be a whole number from 0 to 65535.'],
    [{ PORT: '65536' }, /^PORT is "65536"/],
    [{ PORT: '-1' }, /^PORT is "-1"/],
    [{ PORT: '80 ' }, /^PORT is "80 "/],
    [{ WORK_MS: '1s' }, /^WORK_MS is "1s"/],
    [{ INSTANCE: 'a b' }, /^INSTANCE is "a b"/],
    [{ HOST: 'a\nb' }, /^HOST is "a\\nb"/],
    [{ DATABASE_URL: 'mysql://u:hunter2@h/db' }, 'DATABASE_URL must begin with postgres:// or file:.'],
    [{ DATABASE_URL: 'postgres://u:hunter2@h:port/db' }, /^DATABASE_URL is not a well-formed/],
    [{ DATABASE_URL: 'postgres://' }, /^DATABASE_URL must begin/],
    [{ DATABASE_URL: 'file:' }, /^DATABASE_URL must be file:/],
    [{ DATABASE_URL: 'file:a.db?mode=memory' }, /^DATABASE_URL must be file:/],
    [{ DATABASE_URL: 'file://host/a.db' }, /^DATABASE_URL must be file:/],
    [{ DATABASE_URL: 'file:a.db', DATABASE_FILE: 'b.db' }, /both set/],
  ])('refuse %j in one line without its secret', (env, message) => {
    const read = (): unknown => readSettings(env);
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(message);
    expect(read).not.toThrow(/\n|hunter2/);
  });
});
