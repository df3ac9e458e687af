/** What the strategy of transactions asks of a dialect: connections of its own, on each of which one row may be locked. */
export interface RowLocks {
  /** A connection that is nobody else's until it is given back, with no transaction open. */
  open(): Promise<RowLock>;
  /** Makes the row of a key, where there is none. Committed at once. */
  make(key: string): Promise<void>;
  /** Ends the connection of that id at the server, whatever it waits for. */
  end(backend: number): Promise<void>;
  /** Ends the connection that has the row of the key locked, whoever's it is, and waits until the row is free. True where there was one. */
  endHolder(key: string): Promise<boolean>;
  /** Whether the connection of that id still waits for a row. */
  isWaiting(backend: number): Promise<boolean>;
  /** Ends the connections. */
  close(): Promise<void>;
}

/** One connection, and the transaction on it. After an error of any of its verbs it is good for `abandon` only. */
export interface RowLock {
  /** What the server calls the connection. */
  readonly backend: number;
  /** Opens the transaction and locks the row, unless somebody else has it. From then on the server ends what is idle for `leaseMs`. */
  tryLock(key: string, leaseMs: number): Promise<RowReply>;
  /** Locks the row in the transaction that is open, however long it takes. */
  waitLock(key: string): Promise<RowReply>;
  /** Proves that the transaction is open; from now on the server ends it when it is idle for `leaseMs`. */
  keep(leaseMs: number): Promise<void>;
  /** Ends the transaction, and gives the connection back. Never rejects. */
  end(): Promise<void>;
  /** Resets the connection: what is not sent yet never is. */
  abandon(): void;
  /** Called once, should the connection go by itself. */
  onGone: (() => void) | undefined;
}

/**
 * `locked`: the row is this transaction's; `recorded` is the owner that the last one left on record, if any.
 * `busy`: somebody else has it, for `restMs` more by what is on record. `missing`: there is no such row.
 */
export type RowReply =
  | { readonly kind: 'locked'; readonly recorded: string | undefined }
  | { readonly kind: 'busy'; readonly restMs: number }
  | { readonly kind: 'missing' };

/** What the server answers to the attempt, in these words; the number is in microseconds, and '-' is none. */
export function rowReplyOf(text: string): RowReply {
  const [kind, what = '-'] = text.split(' ');
  if (kind === 'locked') return { kind, recorded: what === '-' ? undefined : what };
  if (kind !== 'busy') return { kind: 'missing' };
  return { kind, restMs: what === '-' ? Infinity : Math.max(0, Number(what) / 1000) };
}
