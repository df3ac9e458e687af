import type { Sender } from './script-runner.js';
import type { Scanned, ScanStep } from './route.js';

/** Where `SCAN` begins, and what it answers at the end. */
const ENDS = '0';

/** One step of `SCAN` through the strings of one server: never `KEYS`, which stops it for as long as it takes. */
export async function scan(sender: Sender, { pattern, most, from = ENDS }: ScanStep): Promise<Scanned> {
  const [cursor, names] = await sender.send((client) =>
    client.scan(from, 'MATCH', pattern, 'COUNT', most, 'TYPE', 'string'),
  );
  return { names, next: cursor === ENDS ? undefined : cursor };
}

/** A place among the servers of a cluster, which are scanned one after the other: which, and how far. */
export interface ClusterPlace {
  readonly server: string;
  readonly from: string | undefined;
}

/** As text, for whoever goes on from there. */
export function placeText({ server, from = '' }: ClusterPlace): string {
  return `${server} ${from}`;
}

export function placeOf(text: string): ClusterPlace {
  const [server = '', from = ''] = text.split(' ');
  return { server, from: from === '' ? undefined : from };
}
