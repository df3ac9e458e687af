import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/**
 * A fenced block of a page. What it is, a comment on the line before it says:
 *
 *   <!-- file: votes.service.ts -->         a module that others of the page may import
 *   <!-- run -->                            a script that runs to its end by itself
 *   <!-- from: test/guide/a.spec.ts -->     a piece of that file, word for word
 *   <!-- theirs -->                         code for another library, which is not installed here
 *   <!-- sketch -->                         a few lines of something that stands in full elsewhere
 *   nothing                                 a module of its own
 */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly marker: 'file' | 'run' | 'from' | 'theirs' | 'sketch' | undefined;
  /** What the marker says: the name of the file, or of what it is a piece of. */
  readonly name: string;
  readonly text: string;
}

/** The pages whose code is held to what is said above, from the root of the project. */
export const pages: readonly string[] = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

const BLOCK = /(?:^<!-- (file|run|from|theirs|sketch)(?:: (\S+))? -->\n)?^```(\w*)\n(.*?)^```$/gms;

export function blocksOf(page: string): Block[] {
  const source = textOf(page);
  return [...source.matchAll(BLOCK)].map(
    ({ index, 1: marker, 2: name = '', 3: language = '', 4: text = '' }) => ({
      page,
      line: source.slice(0, index).split('\n').length,
      language,
      marker: marker as Block['marker'],
      name,
      text,
    }),
  );
}

/** Where a block is written to, below the folder of the workspace. */
export function pathOf({ page, marker, name, line }: Block): string {
  return join(basename(page, '.md'), marker === 'file' ? name : `line-${line}.ts`);
}

/** The blocks of TypeScript that are code for this library. */
export function ownCode(page: string): Block[] {
  const isOwn = ({ language, marker }: Block): boolean =>
    language === 'ts' && (marker === undefined || marker === 'file' || marker === 'run');
  return blocksOf(page).filter(isOwn);
}

/** A folder with the code of pages in it, one folder each, as a reader would have it. */
export class Workspace {
  private constructor(readonly folder: string) {}

  /** @param given what the reader has of their own, by path: `README/vote-history.ts` */
  static async of(
    chosen: readonly string[],
    given: Readonly<Record<string, string>> = {},
  ): Promise<Workspace> {
    const folder = await mkdtemp(join(tmpdir(), 'pages-'));
    const workspace = new Workspace(folder);
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await workspace.write('package.json', '{"type":"module"}');
    const config = { extends: join(ROOT, 'tsconfig.json'), include: [`${folder}/*/**/*.ts`], exclude: [] };
    await workspace.write('tsconfig.json', JSON.stringify(config));
    for (const block of chosen.flatMap(ownCode)) {
      // So that each is a module of its own, whether it imports something or not.
      await workspace.write(pathOf(block), `${block.text}export {};\n`);
    }
    for (const [path, text] of Object.entries(given)) await workspace.write(path, text);
    return workspace;
  }

  async load<T>(path: string): Promise<T> {
    return (await import(join(this.folder, path))) as T;
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }

  private async write(path: string, text: string): Promise<void> {
    const target = join(this.folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }
}
