/**
 * `npm start` as a newcomer runs it: it prints its address, counts a vote once, and ends when it is told to.
 * Exit status 0 only then.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'smoke-'));
const app = spawn('npm', ['start'], {
  // A group of its own, so that the signal reaches npm and what it started, as Ctrl-C does.
  detached: true,
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, PORT: '0', TMPDIR: folder },
});
const ended = once(app, 'exit');

try {
  const url = await Promise.race([addressOf(app), ended.then(() => fail(`ended with ${app.exitCode}`))]);
  const vote = async () => {
    const response = await fetch(`${url}/votes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userSeq: 7, voteSeq: 1 }),
    });
    return (await response.json()).result;
  };
  const results = await Promise.all(Array.from({ length: 10 }, vote));
  const voted = results.filter((result) => result === 'voted').length;
  if (voted !== 1) fail(`one vote sent ten times was counted ${voted} times: ${results.join(', ')}`);
  console.log(`one vote sent ten times to ${url} was counted once`);
} finally {
  if (app.exitCode === null) process.kill(-Number(app.pid), 'SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
}

/** @param {import('node:child_process').ChildProcess} child */
async function addressOf(child) {
  let printed = '';
  for await (const chunk of child.stdout) {
    process.stdout.write(chunk);
    printed += chunk;
    const address = /listens on (http:\S+)/.exec(printed)?.[1];
    if (address) return address;
  }
  return fail('printed no address');
}

/** @param {string} why @returns {never} */
function fail(why) {
  throw new Error(`npm start: ${why}`);
}
