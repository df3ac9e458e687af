/**
 * The keys of a quorum: those of all its nodes, one node after the other. What a majority holds stands on one at least of
 * any majority, so a minority that fails is passed over.
 */
import { LockUnsupportedError } from '../../errors.js';
import type { KeyPage, ListRequest, StoreSession } from '../../line/store.js';
import { STORE_NAME } from './quorum-errors.js';
import type { QuorumNodes } from './quorum-nodes.js';

/** Which node is asked, how many were passed over, and how far the node is. */
interface Place {
  readonly index: number;
  readonly passed: number;
  readonly from: string | undefined;
}

/** @throws LockStoreError where no majority answers, LockUnsupportedError where a node has no list */
export async function listOf(nodes: QuorumNodes, { prefix, from, most }: ListRequest): Promise<KeyPage> {
  const place = placeOf(from);
  const node = nodes.all[place.index]!;
  let { passed } = place;
  let page: KeyPage = { keys: [], hashes: [], next: undefined };
  try {
    page = await node.ask((session) => ask(session, { prefix, from: place.from, most }));
  } catch (error) {
    if (error instanceof LockUnsupportedError) throw error;
    passed++;
    if (passed > nodes.all.length - nodes.majority) {
      throw nodes.outage('list', undefined, [{ name: node.name, index: node.index, error }]);
    }
  }
  const next = page.next === undefined ? { index: place.index + 1, from: '' } : { ...place, from: page.next };
  return { ...page, next: next.index < nodes.all.length ? textOf({ ...next, passed }) : undefined };
}

async function ask(session: StoreSession, request: ListRequest): Promise<KeyPage> {
  if (session.list) return session.list(request);
  throw new LockUnsupportedError('A store of the quorum cannot list its keys.', { store: STORE_NAME });
}

function textOf({ index, passed, from = '' }: Place): string {
  return `${index} ${passed} ${from}`;
}

function placeOf(text = '0 0 '): Place {
  const [, index, passed, from = ''] = /^(\d+) (\d+) (.*)$/s.exec(text) ?? [];
  return { index: Number(index), passed: Number(passed), from: from === '' ? undefined : from };
}
