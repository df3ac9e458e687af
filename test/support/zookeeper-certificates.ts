import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of one who has a certificate; both are PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface Certificates {
  /** Who signed both. */
  readonly ca: string;
  readonly server: Identity;
  readonly client: Identity;
  /** What a server of Java reads: its key and certificate in one file, and whom it trusts. */
  readonly files: { readonly keyStore: string; readonly trustStore: string };
}

/** A signer of the test's own, and two whom it signed: a server named `localhost`, and a client. */
export function makeCertificates(folder: string): Certificates {
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...newKey, '-subj', '/CN=signer', '-keyout', 'ca.key', '-out', 'ca.pem');
  const sign = (name: string, names: string): Identity => {
    writeFileSync(at(`${name}.ext`), `subjectAltName=${names}\n`);
    openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-extfile', `${name}.ext`, '-out', `${name}.pem`);
    return { key: readFileSync(at(`${name}.key`), 'utf8'), cert: readFileSync(at(`${name}.pem`), 'utf8') };
  };
  const server = sign('server', 'DNS:localhost,IP:127.0.0.1');
  const client = sign('client', 'DNS:client');
  writeFileSync(at('server-store.pem'), server.key + server.cert);
  return {
    ca: readFileSync(at('ca.pem'), 'utf8'),
    server,
    client,
    files: { keyStore: at('server-store.pem'), trustStore: at('ca.pem') },
  };
}
