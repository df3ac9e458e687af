import { describe, expect, it } from '@jest/globals';
import { invariant } from '../../../lib/util/invariant.js';

describe('an invariant', () => {
  it('is silent while it holds', () => {
    expect(() => invariant(true, 'one is one')).not.toThrow();
  });

  it('names what was broken', () => {
    expect(() => invariant(false, 'one is one')).toThrow(/broken invariant: one is one/);
  });
});
