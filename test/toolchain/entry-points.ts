import { readFileSync } from 'node:fs';

/** One published subpath and the file behind it. */
export interface EntryPoint {
  /** As users import it: `nestjs-distributed-lock/redis`. */
  readonly specifier: string;
  /** As `exports` says it: `.`, `./redis`. */
  readonly subpath: string;
  /** `stores/redis/index`, below lib/ and dist/. */
  readonly file: string;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin: Record<string, string>;
  readonly exports: Record<string, string | { import: { default: string } }>;
  readonly typesVersions: unknown;
  readonly files: readonly string[];
}

/** A JSON file of the project; comments have no place in ours. */
export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

export const manifest = readJson<Manifest>('package.json');

/** The one list: what `exports` of package.json publishes. */
export const entryPoints: readonly EntryPoint[] = Object.entries(manifest.exports).flatMap(
  ([subpath, target]) =>
    typeof target === 'string'
      ? []
      : [
          {
            specifier: subpath.replace('.', manifest.name),
            subpath,
            file: target.import.default.replace(/^\.\/dist\/esm\/(.*)\.js$/, '$1'),
          },
        ],
);
