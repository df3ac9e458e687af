import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Builds and packs the package once for all suites, as it would be published; they find it in PACKED_TARBALL. */
// oxlint-disable-next-line import/no-default-export -- jest calls the default export
export default function pack() {
  const folder = mkdtempSync(join(tmpdir(), 'packed-'));
  execFileSync('npm', ['pack', '--pack-destination', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (!tarball) throw new Error('npm pack made no tarball');
  process.env.PACKED_TARBALL = join(folder, tarball);
  process.env.PACKED_FOLDER = folder;
}

/** Runs after all suites. */
export function remove() {
  rmSync(process.env.PACKED_FOLDER, { recursive: true, force: true });
}
