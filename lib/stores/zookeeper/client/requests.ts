/**
 * The requests that this client makes: what is written behind the number of the request, and how its answer is read.
 *
 * @see https://github.com/apache/zookeeper/blob/master/zookeeper-server/src/main/java/org/apache/zookeeper/ZooDefs.java
 */
import type { JuteReader, JuteWriter } from './jute.js';
import type { CreateMode, MultiResult, MultiStep, Stat } from './zookeeper-client.js';

/** Something to ask the server. */
export interface Request<T> {
  readonly operation: number;
  readonly write: (writer: JuteWriter) => void;
  readonly read: (reader: JuteReader) => T;
}

/** Answers the path alone. Among several steps a server answers so whatever was asked. */
const CREATE_PLAIN = 1;
const REMOVE = 2;
const EXISTS = 3;
const DATA = 4;
const SET = 5;
const SYNC = 9;
const CHILDREN = 12;
const CHECK = 13;
const MULTI = 14;
const CREATE = 15;
const REMOVE_WATCHES = 18;
const CREATE_CONTAINER = 19;
const CLOSE_SESSION = -11;

/** The flags of the protocol; a container has an operation of its own besides. */
const FLAGS: Readonly<Record<CreateMode, number>> = {
  persistent: 0,
  ephemeral: 1,
  'persistent-sequential': 2,
  'ephemeral-sequential': 3,
  container: 4,
};
const ALL_PERMISSIONS = 31;
/** Of a step in a `multi` that was not done. */
const ERROR = -1;
const ANY_VERSION = -1;

/** Who may use the nodes that are made: `creator`, who must have said who it is, or `everybody`. */
export type Access = 'creator' | 'everybody';

/** Both tables of watches of a server; those of `exists` stand with those of `data`. */
export type WatchTableName = 'children' | 'data';

/** The first step of a `multi` that failed. */
export interface FailedStep {
  readonly index: number;
  readonly serverCode: number;
}

export interface NewNode {
  readonly path: string;
  readonly data: Buffer;
  readonly mode: CreateMode;
}

export function createRequest(
  node: NewNode,
  access: Access,
): Request<{ readonly path: string; readonly stat: Stat }> {
  return {
    operation: node.mode === 'container' ? CREATE_CONTAINER : CREATE,
    write: (writer) => writeNode(writer, node, access),
    read: (reader) => ({ path: reader.text(), stat: readStat(reader) }),
  };
}

export function removeRequest(path: string, version = ANY_VERSION): Request<void> {
  return {
    operation: REMOVE,
    write: (writer) => void writer.text(path).int(version),
    read: () => undefined,
  };
}

export function existsRequest(path: string, isWatched: boolean): Request<Stat> {
  return { operation: EXISTS, write: (writer) => void writer.text(path).bool(isWatched), read: readStat };
}

export function childrenRequest(
  path: string,
  isWatched: boolean,
): Request<{ readonly names: readonly string[]; readonly stat: Stat }> {
  return {
    operation: CHILDREN,
    write: (writer) => void writer.text(path).bool(isWatched),
    read: (reader) => ({ names: reader.list((one) => one.text()), stat: readStat(reader) }),
  };
}

export function dataRequest(
  path: string,
  isWatched: boolean,
): Request<{ readonly data: Buffer; readonly stat: Stat }> {
  return {
    operation: DATA,
    write: (writer) => void writer.text(path).bool(isWatched),
    read: (reader) => ({ data: reader.buffer() ?? Buffer.alloc(0), stat: readStat(reader) }),
  };
}

export function setRequest(path: string, data: Buffer, version = ANY_VERSION): Request<Stat> {
  return {
    operation: SET,
    write: (writer) => void writer.text(path).buffer(data).int(version),
    read: readStat,
  };
}

export function syncRequest(path: string): Request<void> {
  return { operation: SYNC, write: (writer) => void writer.text(path), read: () => undefined };
}

export function removeWatchesRequest(path: string, table: WatchTableName): Request<void> {
  return {
    operation: REMOVE_WATCHES,
    write: (writer) => void writer.text(path).int(table === 'children' ? 1 : 2),
    read: () => undefined,
  };
}

export function closeSessionRequest(): Request<void> {
  return { operation: CLOSE_SESSION, write: () => undefined, read: () => undefined };
}

/** Answers what was done, or the step for whose sake nothing was. */
export function multiRequest(
  steps: readonly MultiStep[],
  access: Access,
): Request<readonly MultiResult[] | FailedStep> {
  return {
    operation: MULTI,
    write(writer) {
      for (const step of steps) writeStep(writer.int(stepOperation(step)).bool(false).int(-1), step, access);
      writer.int(-1).bool(true).int(-1);
    },
    read: readSteps,
  };
}

function stepOperation(step: MultiStep): number {
  if (step.kind === 'create') return step.mode === 'container' ? CREATE_CONTAINER : CREATE_PLAIN;
  return { remove: REMOVE, set: SET, check: CHECK }[step.kind];
}

function writeStep(writer: JuteWriter, step: MultiStep, access: Access): void {
  if (step.kind === 'create') {
    writeNode(writer, step, access);
    return;
  }
  writer.text(step.path);
  if (step.kind === 'set') writer.buffer(step.data);
  writer.int(step.version ?? ANY_VERSION);
}

function writeNode(writer: JuteWriter, { path, data, mode }: NewNode, access: Access): void {
  const [scheme, id] = access === 'creator' ? ['auth', ''] : ['world', 'anyone'];
  writer.text(path).buffer(data);
  writer.list([scheme], (one) => one.int(ALL_PERMISSIONS).text(scheme!).text(id!));
  writer.int(FLAGS[mode]);
}

function readSteps(reader: JuteReader): readonly MultiResult[] | FailedStep {
  const results: MultiResult[] = [];
  let failed: FailedStep | undefined;
  for (let index = 0; ; index++) {
    const operation = reader.int();
    if (reader.bool()) return failed ?? results;
    reader.int();
    if (operation === ERROR) {
      const serverCode = reader.int();
      // 0: was to be done, when the failure of another step undid it.
      if (serverCode !== 0) failed ??= { index, serverCode };
    } else results.push(readResult(reader, operation));
  }
}

function readResult(reader: JuteReader, operation: number): MultiResult {
  if (operation === SET) return { stat: readStat(reader) };
  if (operation === CREATE_PLAIN) return { path: reader.text() };
  const isContainer = operation === CREATE || operation === CREATE_CONTAINER;
  return isContainer ? { path: reader.text(), stat: readStat(reader) } : {};
}

function readStat(reader: JuteReader): Stat {
  const [czxid, mzxid] = [reader.long(), reader.long()];
  // When it was made and changed, by the clock of a server: nobody's business here.
  reader.long();
  reader.long();
  const [version, cversion] = [reader.int(), reader.int()];
  reader.int();
  const ephemeralOwner = reader.long();
  reader.int();
  const numChildren = reader.int();
  return { czxid, mzxid, pzxid: reader.long(), version, cversion, ephemeralOwner, numChildren };
}
