/** What a Lua script takes and answers, as its header declares. */
export interface ScriptShape {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
  readonly returns: unknown;
}

/** A Lua script with its types; made only by the generated file. */
export interface Script<S extends ScriptShape = ScriptShape> {
  readonly name: string;
  /** What `EVALSHA` is called with. */
  readonly sha1: string;
  readonly lua: string;
  /** Never there at run time: carries the types. */
  readonly shape?: S;
}

export function defineScript<S extends ScriptShape>(script: Script<S>): Script<S> {
  return script;
}
