import { randomInt } from 'node:crypto';
import { isLockError, LockConfigError, LockUnsupportedError } from '../../errors.js';
import type { SessionContext, StoreSession } from '../../line/store.js';
import { storeErrorOf } from '../sql/sql-errors.js';
import { SqlSession, type SqlSessionParts } from '../sql/sql-session.js';
import { TransactionSession } from '../sql/transaction-session.js';
import type { TableName } from './names.js';
import { PostgresCommands } from './postgres-commands.js';
import { speakerOf } from './postgres-errors.js';
import { PostgresLink } from './postgres-link.js';
import { PostgresListener } from './postgres-listener.js';
import type { PostgresSettings } from './postgres-options.js';
import { PostgresRowLocks } from './postgres-row-locks.js';
import { ensureSchema } from './postgres-schema.js';

/** A statement that is unanswered for so long is taken for lost: a third of the lease, but not for a mere hiccup. */
const LEAST_SILENT_MS = 1_000;

/** How long a connection waits for its first message, before it looks for itself; with `listenUrl`, before it fails. */
const FIRST_HEARD_MS = { mostly: 1_000, whereItMust: 5_000 } as const;

/** Session ids, drawn at random; the greatest range that the generator has. */
const IDS = 2 ** 48 - 1;

export interface SessionOptions {
  readonly settings: PostgresSettings;
  readonly context: SessionContext;
  readonly hearing: Hearing;
}

/** Whether messages come, as far as the store knows by its sessions. */
export interface Hearing {
  isOn: boolean;
}

/**
 * @throws LockStoreError where the server does not answer; LockConfigError where the table is another one
 * @throws LockUnsupportedError where transactions cannot be kept open
 */
export async function openSession(options: SessionOptions): Promise<StoreSession> {
  const { settings, context } = options;
  const { clock, watchdogMs } = context;
  const silentMs = Math.max(LEAST_SILENT_MS, watchdogMs / 3);
  const pool = settings.openPool(silentMs);
  const link = new PostgresLink({ clock, pool, silentMs, isOwn: settings.isOwnPool });
  const speaker = speakerOf(settings.place);
  try {
    const table = await ensureSchema(link, settings.table, speaker);
    const commands = new PostgresCommands(link, table, settings.toleranceMs);
    const open = settings.strategy === 'lease' ? openLeases : openTransactions;
    return await open(options, {
      link,
      table,
      silentMs,
      parts: { context, commands, speaker, id: randomInt(IDS) },
    });
  } catch (error) {
    await link.close();
    throw error;
  }
}

interface Opened {
  readonly link: PostgresLink;
  readonly table: TableName;
  readonly silentMs: number;
  readonly parts: SqlSessionParts;
}

async function openLeases(
  { settings, hearing }: SessionOptions,
  { link, silentMs, parts }: Opened,
): Promise<StoreSession> {
  const session = new PostgresSession(parts);
  await session.listen({ settings, link, silentMs, hearing });
  return session;
}

async function openTransactions(
  { settings, context }: SessionOptions,
  { link, table, silentMs, parts }: Opened,
): Promise<StoreSession> {
  const { speaker } = parts;
  const pool = settings.openTransactions(silentMs);
  const locks = new PostgresRowLocks({ clock: context.clock, pool, link, table, silentMs });
  try {
    const { isDirect } = await locks.look();
    if (!isDirect) throw new LockUnsupportedError(POOLED, { store: speaker.store });
    return new TransactionSession({ context, records: new SqlSession(parts), locks, speaker, silentMs });
  } catch (cause) {
    await locks.close();
    throw isLockError(cause) ? cause : storeErrorOf(speaker, { operation: 'connect', keys: [], cause });
  }
}

const POOLED =
  `The store "postgres" does not support strategy: 'transaction' behind a pooler: the connection leads to a backend that is not its own. ` +
  `Connect to the server itself, or use strategy: 'lease'.`;

interface Ears {
  readonly settings: PostgresSettings;
  readonly link: PostgresLink;
  readonly silentMs: number;
  readonly hearing: Hearing;
}

/** The one algorithm, with an ear. */
class PostgresSession extends SqlSession {
  private listener: PostgresListener | undefined;

  /** Resolves when messages come, or when it is known that it has to look for itself. */
  async listen({ settings, link, silentMs, hearing }: Ears): Promise<void> {
    const { context, id, speaker } = this.parts;
    const channel = `nestjs-distributed-lock:${id}`;
    this.listener = new PostgresListener({
      clock: context.clock,
      makeClient: settings.makeListener,
      channel,
      silentMs,
      probe: async (text) => void (await link.query('SELECT pg_notify($1, $2)', [channel, text])),
      onHint: (hint) => this.hint(hint),
      onHearing: (isHearing) => {
        this.setHearing(isHearing);
        hearing.isOn = isHearing;
      },
    });
    const { mustHear } = settings;
    // Where an earlier session heard nothing, it is not waited for again; should a message come, it is believed.
    const mostMs = mustHear ? FIRST_HEARD_MS.whereItMust : hearing.isOn ? FIRST_HEARD_MS.mostly : 0;
    try {
      const hears = await this.listener.open(mostMs);
      if (!hears) hearing.isOn = false;
      if (hears || !mustHear) return;
    } catch (cause) {
      hearing.isOn = false;
      // Without an ear it serves as well, slower, and goes on trying; but a wrong address is nobody's wish.
      if (!mustHear) return;
      await this.close();
      throw storeErrorOf(speaker, { operation: 'connect', keys: [], cause });
    }
    await this.close();
    const text = `Option "listenUrl" leads to where no message comes: it must be a direct connection to the same database.`;
    throw new LockConfigError(text, { option: 'listenUrl' });
  }

  override async close(): Promise<void> {
    await Promise.all([this.listener?.close(), super.close()]);
  }
}
