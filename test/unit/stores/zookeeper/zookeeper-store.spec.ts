import { describe, expect, it } from '@jest/globals';
import { LockConfigError } from '../../../../lib/errors.js';
import { zookeeperStore, type ZooKeeperStoreOptions } from '../../../../lib/stores/zookeeper/index.js';
import { readOptions } from '../../../../lib/stores/zookeeper/zookeeper-options.js';

const refused = (options: object): LockConfigError => {
  try {
    zookeeperStore(options as ZooKeeperStoreOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(LockConfigError);
    return error as LockConfigError;
  }
  throw new Error(`It took ${JSON.stringify(options)}.`);
};

describe('zookeeperStore', () => {
  it('connects to nobody by itself, and says what it can do', () => {
    const store = zookeeperStore({ connect: '127.0.0.1:1' });
    expect(store.name).toBe('zookeeper');
    expect(store.capabilities).toEqual({
      shared: true,
      permits: true,
      leases: true,
      fairOrder: true,
      wakeUp: 'message',
      keptBy: 'session',
    });
  });

  it('reads the servers as ZooKeeper writes them', () => {
    const { servers, shown, chroot, sessionMs } = readOptions({ connect: 'a:2182, b,[::1]:2183/app/' });
    expect(servers).toEqual([
      { host: 'a', port: 2182 },
      { host: 'b', port: 2181 },
      { host: '::1', port: 2183 },
    ]);
    expect(shown).toBe('a:2182,b:2181,[::1]:2183');
    expect([chroot, sessionMs]).toEqual(['/app/distributed-lock', undefined]);
  });

  it('takes all its options', () => {
    const auth = { scheme: 'digest', credentials: 'user:pass:word' } as const;
    const tls = { ca: 'x' };
    const settings = readOptions({ connect: 'a', sessionTimeout: '15s', root: '/x/y', auth, tls });
    expect(settings).toMatchObject({ chroot: '/x/y', sessionMs: 15_000, auth, tls });
  });

  it.each([
    [{}, 'connect'],
    [{ connect: '' }, 'connect'],
    [{ connect: 'a,,b' }, 'connect'],
    [{ connect: 'a:0' }, 'connect'],
    [{ connect: 'a:70000' }, 'connect'],
    [{ connect: 'u:hunter2@a:2181' }, 'connect'],
    [{ connect: 'zookeeper://u:hunter2@a' }, 'connect'],
    [{ connect: 'a/../hunter2' }, 'connect'],
    [{ connect: ['a'] }, 'connect'],
    [{ connect: 'a', root: '' }, 'root'],
    [{ connect: 'a', root: '/' }, 'root'],
    [{ connect: 'a', root: 'locks' }, 'root'],
    [{ connect: 'a', root: '/locks/' }, 'root'],
    [{ connect: 'a', root: '/a//b' }, 'root'],
    [{ connect: 'a', root: '/a/./b' }, 'root'],
    [{ connect: 'a', root: '/a b' }, 'root'],
    [{ connect: 'a', sessionTimeout: 0 }, 'sessionTimeout'],
    [{ connect: 'a', sessionTimeout: Infinity }, 'sessionTimeout'],
    [{ connect: 'a', sessionTimeout: 'soon' }, 'sessionTimeout'],
    [{ connect: 'a', auth: 'u:hunter2' }, 'auth'],
    [{ connect: 'a', auth: { scheme: 'digest', credentials: 'hunter2' } }, 'auth'],
    [{ connect: 'a', auth: { scheme: 'sasl', credentials: 'u:hunter2' } }, 'auth'],
    [{ connect: 'a', tls: true }, 'tls'],
    [{ connect: 'a', chroot: '/x' }, 'chroot'],
  ])('refuses what cannot be meant, naming the option and no secret: %j', (options, option) => {
    const error = refused(options);
    expect(error.option).toBe(option);
    expect(error.message).toContain(`"${option}"`);
    expect(error.message).not.toContain('hunter2');
  });
});
