/** What a script takes and answers, as its header says it. */
export interface ScriptShape {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
  readonly returns: unknown;
}

/** A Lua script with its types; made by `scripts/generate-scripts.mjs` only. */
export interface Script<Shape extends ScriptShape> {
  readonly name: string;
  /** Under which the server knows it once it has run. */
  readonly sha1: string;
  readonly lua: string;
  /** Carries the types; never set. */
  readonly shape?: Shape;
}

export function defineScript<Shape extends ScriptShape>(script: Script<Shape>): Script<Shape> {
  return script;
}
