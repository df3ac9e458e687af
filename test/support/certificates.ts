import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate for 127.0.0.1, and the authority that signed it and that nobody else trusts; made by openssl. */
export class Certificates {
  private constructor(private readonly folder: string) {}

  static make(): Certificates {
    const folder = mkdtempSync(join(tmpdir(), 'lock-test-tls-'));
    const openssl = (...args: string[]): void =>
      void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-days',
      '2',
      '-subj',
      '/CN=test',
    );
    openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=127.0.0.1');
    writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1\n');
    const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
    openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.crt', '-days', '2', ...signing);
    return new Certificates(folder);
  }

  /** What a client trusts. */
  get ca(): string {
    return readFileSync(join(this.folder, 'ca.crt'), 'utf8');
  }

  /** What a server is started with to speak TLS on its port, and nothing else. */
  argsFor(port: number): string[] {
    const file = (name: string): string => join(this.folder, name);
    const files = ['--tls-cert-file', file('server.crt'), '--tls-key-file', file('server.key')];
    const trust = ['--tls-ca-cert-file', file('ca.crt'), '--tls-auth-clients', 'no'];
    return ['--port', '0', '--tls-port', String(port), ...files, ...trust];
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
