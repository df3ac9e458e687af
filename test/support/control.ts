import { redisStore } from '../../lib/stores/redis/index.js';
import { newOwner, openSession, requestFor } from './open-session.js';
import { until } from './until.js';

/**
 * Resolves `'late'` when a lease of so long, taken now on the same server, has ended and another client has noticed.
 * Whatever a busy machine does to the thing that is watched, it does to this too: who comes after it is late.
 */
export async function control(url: string, leaseMs: number): Promise<'late'> {
  const session = await openSession(redisStore({ url, waiting: 'spin' }));
  try {
    const key = `control:${newOwner()}`;
    await session.acquire(requestFor(key, { leaseMs }));
    const next = requestFor(key, { takesPlace: false, leaseMs: 50 });
    await until(
      'the control lease has ended',
      async () => (await session.acquire(next)).kind === 'held',
      120_000,
    );
    return 'late';
  } finally {
    await session.close();
  }
}
