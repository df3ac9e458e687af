import { connect } from 'node:net';
import { JuteWriter } from '../../lib/stores/zookeeper/client/jute.js';
import { OPERATIONS } from './zookeeper-proxy.js';

/** Resumes a session from elsewhere and closes it: as if its time were over. */
export async function endZooKeeperSession(port: number, id: bigint, password: Buffer): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  const ended = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  const greeting = new JuteWriter().int(0).long(0n).int(20_000).long(id).buffer(password).bool(false);
  socket.write(greeting.frame());
  socket.once('data', () => socket.write(new JuteWriter().int(1).int(OPERATIONS.closeSession).frame()));
  socket.resume();
  await ended;
}
