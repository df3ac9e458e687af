import { describe, expect, it, jest } from '@jest/globals';
import * as errors from '../../lib/errors.js';

const SECRET = 'vote:4711:secret';
const MESSAGE = `Lock "${SECRET}" in VoteService.vote`;
const CAUSE = new Error('the cause');

function makeAll(from: typeof errors): Record<errors.LockErrorCode, errors.LockError> {
  const init = { key: SECRET, cause: CAUSE };
  const store = 'redis';
  return {
    LOCK_TIMEOUT: new from.LockTimeoutError(MESSAGE, { ...init, waitedMs: 5_000, retryAfterMs: 700 }),
    LOCK_LOST: new from.LockLostError(MESSAGE, { ...init, fencingToken: 64 }),
    LOCK_STORE: new from.LockStoreError(MESSAGE, { ...init, store, operation: 'acquire' }),
    LOCK_KEY: new from.LockKeyError(MESSAGE, init),
    LOCK_UPGRADE: new from.LockUpgradeError(MESSAGE, init),
    LOCK_UNSUPPORTED: new from.LockUnsupportedError(MESSAGE, { ...init, store }),
    LOCK_CONFIG: new from.LockConfigError(MESSAGE, { ...init, option: 'waitTime' }),
    LOCK_CLOSED: new from.LockClosedError(MESSAGE, init),
  };
}

const ROWS = [
  ['LOCK_TIMEOUT', 'LockTimeoutError', 423],
  ['LOCK_LOST', 'LockLostError', 500],
  ['LOCK_STORE', 'LockStoreError', 503],
  ['LOCK_KEY', 'LockKeyError', 400],
  ['LOCK_UPGRADE', 'LockUpgradeError', 500],
  ['LOCK_UNSUPPORTED', 'LockUnsupportedError', 500],
  ['LOCK_CONFIG', 'LockConfigError', 500],
  ['LOCK_CLOSED', 'LockClosedError', 503],
] as const;

describe.each(ROWS)('an error with the code %s', (code, name, status) => {
  const error = makeAll(errors)[code];

  it('has its name, code, key and cause', () => {
    expect(error).toMatchObject({ code, name, key: SECRET, message: MESSAGE });
    expect(error.cause).toBe(CAUSE);
    expect(error).toBeInstanceOf(errors.LockError);
    expect(error).toBeInstanceOf(Error);
  });

  it('carries the signature of http-errors', () => {
    expect(error).toMatchObject({ status, statusCode: status, expose: status < 500 });
  });

  it('has words for clients that say nothing of keys, classes or values', () => {
    expect(error.publicMessage).toMatch(/^[A-Z][a-z ]+\.$/);
    for (const word of ['4711', 'secret', 'vote', 'Service', 'redis', name]) {
      expect(error.publicMessage).not.toContain(word);
    }
    expect(JSON.stringify(error.extensions)).toBe(JSON.stringify({ code, http: { status } }));
  });
});

describe('an error', () => {
  it('carries what its class is about', () => {
    const made = makeAll(errors);
    expect(made.LOCK_TIMEOUT).toMatchObject({ waitedMs: 5_000, retryAfterMs: 700 });
    expect(made.LOCK_LOST).toMatchObject({ fencingToken: 64 });
    expect(made.LOCK_STORE).toMatchObject({ store: 'redis', operation: 'acquire', isTransient: false });
    expect(made.LOCK_UNSUPPORTED).toMatchObject({ store: 'redis' });
    expect(made.LOCK_CONFIG).toMatchObject({ option: 'waitTime' });
  });

  it('has no cause where none was given', () => {
    expect('cause' in new errors.LockKeyError('none')).toBe(false);
    expect(new errors.LockKeyError('none').key).toBeUndefined();
  });

  it('keeps its brand out of what is logged or copied', () => {
    expect(Object.getOwnPropertySymbols(Object.assign({}, makeAll(errors).LOCK_KEY))).toEqual([]);
  });
});

describe('isLockError', () => {
  it('knows every error of this package', () => {
    expect(Object.values(makeAll(errors)).every(errors.isLockError)).toBe(true);
  });

  it('knows the errors of a second copy of it, which instanceof does not', async () => {
    jest.resetModules();
    const copy = (await import('../../lib/errors.js')) as typeof errors;
    expect(copy.LockError).not.toBe(errors.LockError);
    for (const error of Object.values(makeAll(copy))) {
      expect([error instanceof errors.LockError, errors.isLockError(error)]).toEqual([false, true]);
    }
  });

  it.each([undefined, null, 'LOCK_TIMEOUT', 423, new Error('other'), { code: 'LOCK_TIMEOUT', status: 423 }])(
    'does not take %p for one',
    (other) => {
      expect(errors.isLockError(other)).toBe(false);
    },
  );
});
