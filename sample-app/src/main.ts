import { boot, lineOf } from './boot.js';
import { readSettings, type Settings } from './settings.js';

function greeting(settings: Settings, url: string): string {
  const { database, lockUrl } = settings;
  const votes = database.kind === 'file' ? database.path : 'PostgreSQL (DATABASE_URL)';
  const locks =
    lockUrl === 'memory:'
      ? 'in this process; LOCK_URL=redis://127.0.0.1:6379 shares them between instances'
      : `${lockUrl.split(':', 1)[0]} (LOCK_URL)`;
  return [
    `Voting API "${settings.instance}" listens on ${url}`,
    `  votes  ${votes}`,
    `  locks  ${locks}`,
    `  try    curl -X POST ${url}/votes -H 'content-type: application/json' -d '{"userSeq":7,"voteSeq":1}'`,
    `         curl ${url}/votes/1`,
    '  race   npm run demo',
  ].join('\n');
}

try {
  const settings = readSettings(process.env);
  const { url } = await boot(settings);
  process.stdout.write(`${greeting(settings, url)}\n`);
} catch (error) {
  process.stderr.write(`The voting API did not start. ${lineOf(error)}\n`);
  // What was opened before the failure must not keep the process alive.
  process.exit(1);
}
