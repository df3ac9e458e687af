/** Removes what the build and the tests leave behind: `npm run clean`. */
import { rmSync } from 'node:fs';

for (const folder of ['dist', 'dist-sample', 'coverage']) {
  rmSync(new URL(`../${folder}`, import.meta.url), { recursive: true, force: true });
}
