import {
  type SessionEvent,
  type ZooKeeperClient,
  zooKeeperClient,
  type ZooKeeperOptions,
} from '../../lib/stores/zookeeper/client/index.js';
import { systemClock } from '../../lib/util/clock.js';
import { systemRandom } from '../../lib/util/random.js';

/** A client that keeps what it was told. */
export interface TestClient {
  readonly client: ZooKeeperClient;
  readonly events: SessionEvent[];
  /** The kinds of the events. */
  readonly kinds: () => string[];
}

/** Of a server, not connected yet. `ports`: on the loopback address. */
export function newZooKeeperClient(
  ports: readonly number[],
  options: Partial<ZooKeeperOptions> = {},
): TestClient {
  const events: SessionEvent[] = [];
  const client = zooKeeperClient({
    servers: ports.map((port) => ({ host: '127.0.0.1', port })),
    sessionMs: 10_000,
    connectMs: 20_000,
    chroot: '',
    clock: systemClock,
    random: systemRandom,
    ...options,
    onEvent: (event) => {
      events.push(event);
      options.onEvent?.(event);
    },
  });
  return { client, events, kinds: () => events.map(({ kind }) => kind) };
}
