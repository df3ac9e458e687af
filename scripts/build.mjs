/**
 * Builds the package twice, as ES modules and as CommonJS: `npm run build`.
 *
 * Node 20.19 and later load the ES modules for `import` and `require` alike (condition `module-sync`), so that one
 * process has one copy. Older tools, and test runners that cannot `require` an ES module, take the CommonJS half.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = createRequire(import.meta.url).resolve('@typescript/native/package.json');
const tsc = join(dirname(compiler), 'bin', 'tsc');

rmSync(join(root, 'dist'), { recursive: true, force: true });
for (const project of ['tsconfig.build.json', 'tsconfig.cjs.json']) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
// The package's own type is "module"; without this, Node would read the CommonJS half as ES modules.
writeFileSync(join(root, 'dist/cjs/package.json'), '{ "type": "commonjs" }\n');
