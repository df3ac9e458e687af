import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Files below a folder whose path ends so, in alphabetical order; none where there is no such folder. */
export function filesBelow(folder: string, ending: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path.endsWith(ending))
    .sort();
}

/** A file's text without its comments' and strings' meaning: every node of its tree. */
export function nodesOf(path: string): readonly ts.Node[] {
  return nodesIn(path, readFileSync(path, 'utf8'));
}

/** As {@link nodesOf}, of a text that is in no file. */
export function nodesIn(path: string, text: string): readonly ts.Node[] {
  const root = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    found.push(node);
    node.forEachChild(visit);
  };
  visit(root);
  return found;
}

/** `path:line`, as an editor opens it. */
export function placeOf(node: ts.Node): string {
  const file = node.getSourceFile();
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}
