import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The library, compiled into a folder of its own, so that plain Node processes can run it. */
export class ClientProgram {
  /** What its processes find in their environment besides. */
  readonly env: Record<string, string> = {};

  private constructor(readonly folder: string) {}

  static build(): ClientProgram {
    const folder = mkdtempSync(join(tmpdir(), 'lock-test-lib-'));
    const args = ['-p', 'tsconfig.build.json', '--outDir', join(folder, 'lib'), '--declaration', 'false'];
    execFileSync('node_modules/.bin/tsc', [...args, '--declarationMap', 'false'], { stdio: 'inherit' });
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'dir');
    return new ClientProgram(folder);
  }

  /** Its processes that are started from now on trust this authority too. */
  trust(ca: string): void {
    const file = join(this.folder, 'ca.crt');
    writeFileSync(file, ca);
    this.env['NODE_EXTRA_CA_CERTS'] = file;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
