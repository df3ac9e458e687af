import type { Redis } from 'ioredis';
import type { RedisLink } from './redis-link.js';

/** The slot of a channel is served by another node, or has just gone there. */
export class ChannelMoved extends Error {
  constructor() {
    super('the slot of the channel is served by another node');
  }
}

/**
 * Subscribes to channels of one slot.
 *
 * A subscription that the server answers with MOVED is never settled by ioredis 5, which says so by an event alone;
 * version 6 does both.
 * @throws ChannelMoved, the server's answer, or what became of the connection
 */
export async function subscribeSharded(link: RedisLink, channels: readonly string[]): Promise<void> {
  let moved: ChannelMoved | undefined;
  const subscribe = (client: Redis): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const onMoved = (): void => {
        moved = new ChannelMoved();
        reject(moved);
      };
      client.once('moved', onMoved);
      const answer = client.ssubscribe(...channels);
      answer.then(resolve, reject).finally(() => client.off('moved', onMoved));
    });
  try {
    await link.send(subscribe);
  } catch (error) {
    throw moved ?? error;
  }
}
