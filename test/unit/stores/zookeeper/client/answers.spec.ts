import { describe, expect, it } from '@jest/globals';
import {
  answerError,
  lossError,
  noServerError,
  unsentError,
} from '../../../../../lib/stores/zookeeper/client/answers.js';

const deed = { verb: 'create', path: '/locks/a' };

describe('an error', () => {
  it('says what was to be done, to what, why not, and the server’s own number', () => {
    expect(answerError(-110, deed)).toMatchObject({
      name: 'ZooKeeperError',
      message: 'ZooKeeper did not create "/locks/a": it is there already (-110).',
      code: 'NODE_EXISTS',
      path: '/locks/a',
      serverCode: -110,
      isTransient: false,
    });
  });

  it.each([
    [-101, 'NO_NODE', false],
    [-102, 'NO_AUTH', false],
    [-103, 'BAD_VERSION', false],
    [-111, 'NOT_EMPTY', false],
    [-112, 'SESSION_EXPIRED', true],
    [-115, 'AUTH_FAILED', false],
    [-124, 'AUTH_FAILED', false],
    // It moved to another connection, the servers took too long, or had too much to do.
    [-118, 'OTHER', true],
    [-7, 'OTHER', true],
    [-127, 'OTHER', true],
    [-6, 'OTHER', false],
    [-8, 'OTHER', false],
    [-9999, 'OTHER', false],
  ])('of the server’s number %i is %s; transient: %s', (serverCode, code, isTransient) => {
    const error = answerError(serverCode, deed);
    expect(error).toMatchObject({ code, isTransient, serverCode });
    expect(error.message).toContain(`(${serverCode})`);
  });

  it('of a lost answer says that it may have been done', () => {
    const reason = new Error('read ECONNRESET');
    const error = lossError(reason, deed);
    expect(error).toMatchObject({ code: 'CONNECTION_LOSS', isTransient: true, cause: reason });
    expect(error.message).toBe(
      'The connection to ZooKeeper was lost before it answered whether it did create "/locks/a": read ECONNRESET. It may have been done or not.',
    );
  });

  it.each([
    ['NOT_CONNECTED', true, /no connection just now/],
    ['SESSION_EXPIRED', true, /the session has ended/],
    ['CLOSED', false, /the client is closed/],
  ] as const)('of what was never sent is %s; transient: %s', (code, isTransient, words) => {
    expect(unsentError(code, deed)).toMatchObject({
      code,
      isTransient,
      message: expect.stringMatching(words),
    });
  });

  it('of servers that were not reached names each, and why', () => {
    const [a, b] = [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ];
    const reason = new Error('connect ECONNREFUSED');
    expect(noServerError([a!, b!], 500, [{ address: b!, reason }])).toMatchObject({
      code: 'NO_SERVER',
      isTransient: true,
      cause: reason,
      message:
        'No ZooKeeper server of a:1, b:2 opened a session within 500 ms (b:2: connect ECONNREFUSED). Check that a majority of them runs, and that the addresses are right.',
    });
    expect(noServerError([a!], 500, []).message).toContain('within 500 ms. Check');
  });
});
