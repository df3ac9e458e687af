import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the ports that systems hand out by themselves: what connects, or listens on any port, must not take the port of
 * a server that is down for a while, or that listens on it only once it leads.
 */
const RANGE = { from: 15_000, to: 32_000 } as const;
const MOST_ATTEMPTS = 100;

/** A loopback port that nobody listens on at the moment. Another process may take it first: whoever uses it tries again. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const port = randomInt(RANGE.from, RANGE.to);
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port from ${RANGE.from} to ${RANGE.to} in ${MOST_ATTEMPTS} attempts.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
