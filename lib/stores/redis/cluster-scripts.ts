import { createHash } from 'node:crypto';
import { invariant } from '../../util/invariant.js';
import type { Script, ScriptShape } from './script.js';

const ALONE = 'local IS_CLUSTER = false';
const IN_CLUSTER = 'local IS_CLUSTER = true';

/** The scripts as a cluster's nodes run them: the same, told by one word where they are. */
export class ClusterScripts {
  private readonly made = new Map<string, Script<ScriptShape>>();

  of<Shape extends ScriptShape>(script: Script<Shape>): Script<Shape> {
    let made = this.made.get(script.name);
    if (!made) {
      invariant(script.lua.includes(ALONE), `${script.name} does not say where it runs`);
      const lua = script.lua.replace(ALONE, IN_CLUSTER);
      made = { name: script.name, lua, sha1: createHash('sha1').update(lua).digest('hex') };
      this.made.set(script.name, made);
    }
    return made as Script<Shape>;
  }
}
