import type { LockStore } from '../../lib/line/store.js';
import { quorumStore } from '../../lib/stores/quorum/index.js';
import { redisStore } from '../../lib/stores/redis/index.js';
import { storeFromUrl } from '../../lib/url/index.js';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where servers that name each other by their addresses are reached from a client. */
export type NatMap = Readonly<Record<string, Address>>;

/** A store in words that another process can be told. */
export type StoreWords =
  | string
  | { readonly quorum: readonly string[]; readonly restartDelay: number }
  | {
      readonly sentinels: readonly Address[];
      readonly name: string;
      readonly natMap: NatMap;
      readonly waitReplicas: number;
    }
  | { readonly nodes: readonly Address[]; readonly natMap: NatMap; readonly waitReplicas: number };

export async function storeOf(words: StoreWords): Promise<LockStore> {
  if (typeof words === 'string') return storeFromUrl(words);
  if ('quorum' in words) {
    const { quorum, restartDelay } = words;
    return quorumStore(await Promise.all(quorum.map((url) => storeFromUrl(url))), { restartDelay });
  }
  const { natMap, waitReplicas } = words;
  const further = { options: { natMap: { ...natMap } }, waitReplicas };
  if ('nodes' in words) return redisStore({ nodes: [...words.nodes], ...further });
  return redisStore({ sentinels: [...words.sentinels], name: words.name, ...further });
}
