import type { Audit } from './audit.js';

/** Both runs of the demo. */
export interface Runs {
  readonly unprotected: Audit;
  readonly protected: Audit;
}

type Claim = readonly [holds: boolean, complaint: string];

/** Why the demo did not show what it should; empty where it did. */
export function complaints(runs: Runs): string[] {
  const { unprotected, protected: locked } = runs;
  const claims: Claim[] = [
    [
      unprotected.duplicates > 0,
      'the unprotected run lost no race: send more duplicates, or set WORK_MS higher',
    ],
    [locked.duplicates === 0, `the protected run has ${locked.duplicates} duplicate votes`],
    [locked.missing === 0, `the votes of ${locked.missing} voters are missing from the protected run`],
    [locked.tokenFaults === 0, `the fencing tokens of ${locked.tokenFaults} voters are out of order`],
    ...repliesOf('unprotected', unprotected),
    ...repliesOf('protected', locked),
  ];
  return claims.filter(([holds]) => !holds).map(([, complaint]) => complaint);
}

function repliesOf(name: string, { failures, disagreements }: Audit): Claim[] {
  return [
    [failures.length === 0, `${failures.length} requests of the ${name} run failed, first: ${failures[0]}`],
    [disagreements === 0, `replies and database disagree on ${disagreements} voters of the ${name} run`],
  ];
}
