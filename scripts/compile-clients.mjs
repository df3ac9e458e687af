/** Compiles the client programs of the tests, and the library with them, into the folder that is named. */
import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [folder] = process.argv.slice(2);
const args = ['-p', 'test/support/tsconfig.clients.json', '--outDir', folder];
execFileSync('node_modules/.bin/tsc', args, { stdio: 'inherit' });
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'dir');
