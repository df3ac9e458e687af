/** How often each command was called, by its name in small letters. */
export type Calls = Record<string, number>;

/** What MONITOR saw: what clients sent, and what ran inside of scripts. */
export interface Seen {
  readonly sent: Calls;
  readonly inner: Calls;
}

/** What the benchmark itself asks the server; nobody's work. */
const OWN = new Set(['info', 'monitor']);

/** The counts of `INFO commandstats` of several servers together; a subcommand counts under its command's name. */
export function callsIn(infos: readonly string[]): Calls {
  const calls: Calls = {};
  for (const [, name, count] of infos.join('\n').matchAll(/^cmdstat_([^:|]+)[^:]*:calls=(\d+)/gm)) {
    calls[name!] = (calls[name!] ?? 0) + Number(count);
  }
  return calls;
}

/**
 * Tells commands that were sent from those that ran inside of scripts. A name that was seen as both is divided as it was
 * then; one that was never seen counts as sent.
 */
export function splitCalls(
  calls: Calls,
  seen: Seen = { sent: {}, inner: {} },
): { sent: number; inner: number } {
  let sent = 0;
  let inner = 0;
  for (const [name, count] of Object.entries(calls)) {
    if (OWN.has(name)) continue;
    const asInner = seen.inner[name] ?? 0;
    const share = asInner === 0 ? 0 : asInner / (asInner + (seen.sent[name] ?? 0));
    inner += count * share;
    sent += count * (1 - share);
  }
  return { sent, inner };
}
