import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The library and the main files of clients, compiled into a folder, so that plain Node processes can run them. */
export class ClientProgram {
  /** What its processes find in their environment besides. */
  readonly env: Record<string, string> = {};

  private constructor(readonly folder: string) {}

  static build(): ClientProgram {
    const folder = mkdtempSync(join(tmpdir(), 'lock-test-lib-'));
    execFileSync(process.execPath, ['scripts/compile-clients.mjs', folder], { stdio: 'inherit' });
    return new ClientProgram(folder);
  }

  /** One that was built there. */
  static in(folder: string): ClientProgram {
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
