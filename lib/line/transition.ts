/**
 * The one transition function of a key: the model that the Lua and the SQL are held against.
 *
 *   stranger ──acquire──► holds                      the line is empty and it fits
 *   stranger ──acquire──► waits                      else, where it takes a place
 *   waits    ──any transition──► called              it is in the longest prefix that fits beside the holders
 *   called   ──any transition──► waits               the prefix became shorter
 *   called   ──its own acquire──► holds
 *   called   ──CLAIM_MS──► asleep                    passed over; keeps its place
 *   asleep   ──its own acquire──► waits or called    first again
 *   waits, asleep ──SILENT_MS without a look──► stranger
 *   holds    ──release, end of the lease──► stranger
 *
 * Invariant after each transition: exactly the members of the prefix are called, so that being called is the same as
 * being allowed to hold, and nobody is made a holder but by the answer to its own acquire.
 */
import { heldWeight, isIdle, type Holder, type KeyState, refuse, type Waiter } from './key-state.js';
import {
  CLAIM_MS,
  type Grant,
  type KeyView,
  MODE_CAPACITY,
  type ReleaseRequest,
  SILENT_MS,
  TOKEN_BLOCK,
} from './store.js';

/** What one key is asked; the request of the port, for one of its keys. */
export interface KeyRequest {
  readonly owner: string;
  readonly session: string;
  readonly capacity: number;
  readonly weight: number;
  readonly leaseMs: number;
  readonly takesPlace: boolean;
  readonly replaces?: string | undefined;
  readonly leastToken?: number | undefined;
}

/** What one key answers. */
export type KeyReply =
  | { readonly kind: 'held'; readonly grant: Grant }
  | { readonly kind: 'busy'; readonly lookInMs: number }
  | { readonly kind: 'conflict'; readonly capacity: number }
  | { readonly kind: 'refused' };

/** A message that the transition asks to be sent. */
export interface Call {
  readonly kind: 'called' | 'gone';
  readonly session: string;
  readonly owner: string;
}

/** The key's state, the server's time, and where calls are collected. */
export interface Transition {
  readonly state: KeyState;
  readonly nowUs: number;
  readonly calls: Call[];
}

const toUs = (ms: number): number => Math.floor(ms * 1000);

/** Hold, keep holding, or take a place; see the states above. */
export function acquire(on: Transition, request: KeyRequest): KeyReply {
  if (isRefused(on, request.owner)) return { kind: 'refused' };
  dropEnded(on);
  if (isInConflict(on, request)) return { kind: 'conflict', capacity: on.state.capacity };
  if (request.replaces !== undefined) remove(on, request.replaces, 0);
  const waiter = look(on, request.owner);
  settle(on, request.owner);
  const holder = on.state.holders.find((one) => one.owner === request.owner);
  if (holder) return { kind: 'held', grant: grantOf(on, raise(on, holder, request)) };
  return waiter ? claim(on, request, waiter) : arrive(on, request);
}

function claim(on: Transition, request: KeyRequest, waiter: Waiter): KeyReply {
  return waiter.calledUs === undefined ? busy(on) : hold(on, request);
}

function arrive(on: Transition, request: KeyRequest): KeyReply {
  if (fitsBehindAll(on, request)) return hold(on, request);
  if (request.takesPlace) join(on, request);
  return busy(on);
}

/** Would the request hold if it were made now? For several keys that are all taken or none. */
export function wouldHold(on: Transition, request: KeyRequest): boolean {
  dropEnded(on);
  settle(on);
  if (isRefused(on, request.owner)) return false;
  if (on.state.holders.some((one) => one.owner === request.owner)) return true;
  return !isInConflict(on, request) && fitsBehindAll(on, request);
}

/** The rest of the lease in milliseconds, 0 where the owner does not hold. Never shortens it; never brings a hold back. */
export function renew(on: Transition, owner: string, leaseMs: number): number {
  const holder = on.state.holders.find((one) => one.owner === owner && one.endsUs > on.nowUs);
  if (!holder) return 0;
  holder.endsUs = Math.max(holder.endsUs, on.nowUs + toUs(leaseMs));
  return (holder.endsUs - on.nowUs) / 1000;
}

/** The owner leaves: its hold ends, or stays for `keepMs` as nobody's; or its place goes. */
export function release(on: Transition, { owner, refuses, keepMs }: Omit<ReleaseRequest, 'keys'>): void {
  dropEnded(on);
  remove(on, owner, toUs(keepMs));
  if (refuses) refuse(on.state, owner, on.nowUs);
  settle(on);
}

/** Ends every hold, also what remains of a `minHoldTime`. */
export function forceRelease(on: Transition): boolean {
  dropEnded(on);
  const { state } = on;
  const wasHeld = state.holders.length > 0;
  for (const { session, owner } of state.holders) {
    if (owner !== '') on.calls.push({ kind: 'gone', session, owner });
  }
  state.holders = [];
  settle(on);
  return wasHeld;
}

/** Drops what has ended, as any command does on its way. */
export function pass(on: Transition): void {
  dropEnded(on);
  settle(on);
}

/** Looks without touching. */
export function inspect({ state, nowUs }: Pick<Transition, 'state' | 'nowUs'>): KeyView {
  const holders = state.holders
    .filter((one) => one.endsUs > nowUs)
    .map(({ owner, token, weight, endsUs }) => ({ owner, token, weight, restMs: (endsUs - nowUs) / 1000 }));
  return {
    capacity: state.capacity === 0 ? MODE_CAPACITY : state.capacity,
    holders,
    waiters: state.line.length,
  };
}

/** True where somebody holds or waits. */
export function isInUse({ state, nowUs }: Pick<Transition, 'state' | 'nowUs'>): boolean {
  return state.line.length > 0 || state.holders.some((one) => one.endsUs > nowUs);
}

/** True where nothing but the last token is worth keeping. */
export function isForgettable({ state, nowUs }: Pick<Transition, 'state' | 'nowUs'>): boolean {
  return isIdle(state) && [...state.refused.values()].every((untilUs) => untilUs <= nowUs);
}

function dropEnded({ state, nowUs }: Transition): void {
  state.holders = state.holders.filter((one) => one.endsUs > nowUs);
}

function isRefused({ state, nowUs }: Transition, owner: string): boolean {
  for (const [refused, untilUs] of state.refused) if (untilUs <= nowUs) state.refused.delete(refused);
  return state.refused.has(owner);
}

/** In use with another capacity; an idle key takes the new one. */
function isInConflict(on: Transition, { capacity }: KeyRequest): boolean {
  const { state } = on;
  if (isIdle(state) || state.capacity === capacity) return false;
  settle(on);
  return !isIdle(state);
}

function remove({ state, nowUs }: Transition, owner: string, keepUs: number): void {
  state.line = state.line.filter((one) => one.owner !== owner);
  state.holders = state.holders.flatMap((one) => {
    if (one.owner !== owner) return [one];
    return keepUs > 0 ? [{ ...one, owner: '', endsUs: nowUs + keepUs }] : [];
  });
}

/** The asker is alive, whatever was thought of it; noted before it could be passed over by its own look. */
function look({ state, nowUs }: Transition, owner: string): Waiter | undefined {
  const waiter = state.line.find((one) => one.owner === owner);
  if (!waiter) return undefined;
  waiter.lookedUs = nowUs;
  waiter.isAsleep = false;
  if (waiter.calledUs !== undefined) waiter.calledUs = nowUs;
  return waiter;
}

/** Passes over who did not come, and calls exactly the longest prefix that fits. `asker` needs no message: it is being answered. */
function settle(on: Transition, asker?: string): void {
  passOver(on);
  takeBack(on);
  const { state, nowUs } = on;
  let free = state.capacity - heldWeight(state);
  let isPrefix = true;
  state.line = state.line.filter((waiter) => {
    const isSilent = waiter.lookedUs + SILENT_MS * 1000 <= nowUs;
    if (waiter.isAsleep) return !isSilent;
    // Behind the prefix nobody is looked at: the cost must not grow with the line.
    if (!isPrefix) return true;
    if (isSilent && waiter.calledUs === undefined) return false;
    isPrefix = waiter.weight <= free;
    if (!isPrefix) return true;
    free -= waiter.weight;
    callOnce(on, waiter, asker);
    return true;
  });
}

function passOver({ state, nowUs }: Transition): void {
  for (const waiter of state.line) {
    if (waiter.calledUs === undefined || waiter.calledUs + CLAIM_MS * 1000 > nowUs) continue;
    waiter.calledUs = undefined;
    waiter.isAsleep = true;
  }
}

/** Clears the calls behind the first that fits no more, before the prefix is drawn anew: one that is silent must not end it. */
function takeBack({ state }: Transition): void {
  let free = state.capacity - heldWeight(state);
  for (const waiter of state.line) {
    if (waiter.isAsleep) continue;
    free -= waiter.weight;
    if (free < 0) waiter.calledUs = undefined;
  }
}

function callOnce({ nowUs, calls }: Transition, waiter: Waiter, asker: string | undefined): void {
  if (waiter.calledUs !== undefined) return;
  waiter.calledUs = nowUs;
  if (waiter.owner !== asker) calls.push({ kind: 'called', session: waiter.session, owner: waiter.owner });
}

/** Behind everybody who waits awake: it may hold only where all of them may, and it still fits. */
function fitsBehindAll({ state }: Transition, { weight, capacity }: KeyRequest): boolean {
  const awake = state.line.filter((one) => !one.isAsleep);
  return awake.reduce((sum, one) => sum + one.weight, heldWeight(state) + weight) <= capacity;
}

function hold(on: Transition, request: KeyRequest): KeyReply {
  const { state, nowUs } = on;
  const { owner, session, weight, leastToken = 0 } = request;
  const token = Math.max(state.lastToken + TOKEN_BLOCK, nowUs, leastToken);
  const holder: Holder = { owner, session, weight, token, endsUs: nowUs + toUs(request.leaseMs) };
  state.line = state.line.filter((one) => one.owner !== owner);
  state.holders.push(holder);
  state.capacity = request.capacity;
  state.lastToken = token;
  return { kind: 'held', grant: grantOf(on, holder) };
}

/** A token that is too small gives way to a greater one, whose block nobody else was granted. */
function raise({ state }: Transition, holder: Holder, { leastToken = 0 }: KeyRequest): Holder {
  if (holder.token >= leastToken) return holder;
  const isLast = holder.token === state.lastToken;
  holder.token = isLast ? leastToken : Math.max(leastToken, state.lastToken + TOKEN_BLOCK);
  state.lastToken = holder.token;
  return holder;
}

function join({ state, nowUs }: Transition, { owner, session, weight, capacity }: KeyRequest): void {
  state.capacity = capacity;
  state.line.push({ owner, session, weight, lookedUs: nowUs, calledUs: undefined, isAsleep: false });
}

function grantOf({ nowUs }: Transition, { token, endsUs }: Holder): Grant {
  return { token, restMs: (endsUs - nowUs) / 1000 };
}

/** Until the first lease or claim ends only a command changes anything. */
function busy({ state, nowUs }: Transition): KeyReply {
  const ends = state.holders.map((one) => one.endsUs);
  const claims = state.line.flatMap((one) =>
    one.calledUs === undefined ? [] : [one.calledUs + CLAIM_MS * 1000],
  );
  return { kind: 'busy', lookInMs: Math.max(0, (Math.min(...ends, ...claims) - nowUs) / 1000) };
}
