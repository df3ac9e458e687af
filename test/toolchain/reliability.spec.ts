import { spawnSync } from 'node:child_process';
import { expect, it } from '@jest/globals';

it('the tables of docs/reliability.md are as fresh as the reports they are made from', () => {
  const args = ['scripts/reliability-table.mjs', '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
