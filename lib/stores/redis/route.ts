import type { Script, ScriptShape } from './script.js';

/** One command: a script, and what it is about. */
export interface Call<Shape extends ScriptShape> {
  readonly script: Script<Shape>;
  /** The first strings of the lock keys, which lie in one slot. */
  readonly keys: readonly string[];
  readonly args: Shape['args'];
  /** Given for what makes or lengthens holds: with `waitReplicas`, an answer that does counts when the replicas have it. */
  readonly isGrant?: ((reply: Shape['returns']) => boolean) | undefined;
}

/** Where the commands of a session go, and who listens for its messages. */
export interface Route {
  /** What a script is told of the session, to send messages to it. */
  readonly session: string;
  /** Equal for keys that one command may be about. */
  slotOf(stateKey: string): number;
  /** @throws the server's answer, or what became of the connection */
  run<Shape extends ScriptShape>(call: Call<Shape>): Promise<Shape['returns']>;
  /** Of a cluster, where each key has a channel of its own. */
  readonly ears?: Ears | undefined;
  /** One step through the names of all servers. @throws the server's answer, or what became of the connection */
  scan(step: ScanStep): Promise<Scanned>;
  /** Of a single server: the run id of its process. What is only in memory lives as long as that. */
  life?(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** What `SCAN` is asked for. */
export interface ScanStep {
  readonly pattern: string;
  /** About how many names the server looks at. */
  readonly most: number;
  /** Where the step before ended; undefined to begin. */
  readonly from: string | undefined;
}

/** What `SCAN` found, and where to go on; undefined at the end. */
export interface Scanned {
  readonly names: readonly string[];
  readonly next: string | undefined;
}

/** Who in this process waits for messages about which key. */
export interface Ears {
  /** True where messages about all of them are heard. */
  hear(keys: readonly string[]): boolean;
  /** Resolves when messages about them are heard. @throws what made it fail */
  listen(keys: readonly string[]): Promise<void>;
  /** This owner waits for one of them; for nothing where there are none. */
  note(owner: string, keys: readonly string[]): void;
}

/** A session that is sent no messages. */
export const NO_SESSION = '-';
