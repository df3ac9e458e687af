import { describe, expect, it } from '@jest/globals';
import { deferred } from '../../../lib/util/deferred.js';

describe('a deferred promise', () => {
  it('is resolved from outside, by the first who does', async () => {
    const one = deferred<number>();
    one.resolve(1);
    one.resolve(2);
    one.reject(new Error('late'));
    await expect(one.promise).resolves.toBe(1);
  });

  it('is rejected from outside', async () => {
    const one = deferred<number>();
    one.reject(new Error('no'));
    await expect(one.promise).rejects.toThrow('no');
  });
});
