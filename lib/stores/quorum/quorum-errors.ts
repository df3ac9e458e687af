import { LockStoreError } from '../../errors.js';

export const STORE_NAME = 'quorum';

/** A node that is missing, and why. */
export interface Missing {
  readonly name: string;
  readonly index: number;
  readonly error: unknown;
}

export interface Outage {
  readonly operation: string;
  readonly key?: string | undefined;
  readonly nodes: number;
  readonly majority: number;
  readonly missing: readonly Missing[];
}

/** No majority can be reached: down is not busy. */
export function outageError({ operation, key, nodes, majority, missing }: Outage): LockStoreError {
  const told = missing.map(({ name, index, error }) => `${name} [${index}]: ${textOf(error)}`).join('; ');
  const text =
    `The quorum failed to ${operation}: it takes ${majority} of its ${nodes} stores, and ${missing.length} ` +
    `cannot be counted (${told}). Check that they are up and can be reached.`;
  const final = missing.filter(({ error }) => error instanceof LockStoreError && !error.isTransient);
  const cause = new AggregateError(missing.map(({ error }) => error));
  const isTransient = final.length <= nodes - majority;
  return new LockStoreError(text, { store: STORE_NAME, operation, key, isTransient, cause });
}

/** A majority granted, but so late that its leases are over. */
export function lateError({ keys, leaseMs }: { keys: readonly string[]; leaseMs: number }): LockStoreError {
  const text =
    `The stores of the quorum granted a lease of ${Math.round(leaseMs)} ms so late that it is over. ` +
    'Make leaseTime longer, or find out what slows them down.';
  return new LockStoreError(text, {
    store: STORE_NAME,
    operation: 'acquire',
    key: keys[0],
    isTransient: true,
  });
}

/** Nobody may use a session after its end. */
export function closedError(operation: string): LockStoreError {
  const text = `The quorum failed to ${operation}: its session is closed. The application is shutting down.`;
  return new LockStoreError(text, { store: STORE_NAME, operation });
}

function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\.$/, '');
}
