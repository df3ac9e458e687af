/**
 * Writes the tables of docs/reliability.md from the reports in docs/reliability; with --check only says whether they are
 * as fresh as those.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = 'docs/reliability.md';
const FOLDER = 'docs/reliability';
const BEGIN = '<!-- Made by `node scripts/reliability-table.mjs`. Do not edit. -->';
const END = '<!-- End. -->';

/** As they are listed everywhere. */
const ORDER = [
  'redis',
  'redis-replicas',
  'redis-sentinel',
  'redis-cluster',
  'quorum',
  'postgres',
  'postgres-transaction',
  'mysql',
  'mysql-transaction',
  'zookeeper',
  'ensemble',
  'memory',
];

const reports = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => ({
    ...JSON.parse(readFileSync(join(FOLDER, name), 'utf8')),
    name: name.replace('.json', ''),
  }));

const sum = (of, field) => of.reduce((total, one) => total + one[field], 0);
const extreme = (pick, of) => {
  const known = of.filter((one) => one !== null && one !== undefined);
  return known.length === 0 ? null : pick(...known);
};
const count = (number) => number.toLocaleString('en-US');
const ms = (number) => (number === null ? '–' : `${count(Math.round(number))} ms`);
const seconds = (number) => (number === null ? '–' : `${(number / 1_000).toFixed(1)} s`);
const line = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [line(head), line(head.map(() => '---')), ...rows.map(line)];

function storesOf() {
  return ORDER.map((store) => reports.filter((report) => report.store === store)).filter(
    (of) => of.length > 0,
  );
}

function summary() {
  const head = [
    'store',
    'runs',
    'minutes',
    'acquisitions',
    'faults',
    'overlaps',
    'two believers, as permitted',
    'token regressions',
    'lost wake-ups',
    'other broken promises',
    'updates lost, of so many',
  ];
  const rows = storesOf().map((of) => {
    const all = of.map(({ rows: [first] }) => first);
    const permitted = sum(all, 'permitted');
    const longest = extreme(
      Math.max,
      of.map(({ measured }) => measured.longestPermittedMs),
    );
    const resources = of.map(({ resource }) => resource);
    return [
      of[0].title,
      of.length,
      sum(of, 'minutes').toFixed(1),
      count(sum(all, 'acquisitions')),
      count(sum(all, 'times')),
      sum(all, 'overlaps'),
      permitted === 0 ? 0 : `${permitted}, at most ${ms(longest)}`,
      sum(all, 'regressions'),
      sum(all, 'lostWakeUps'),
      sum(all, 'others'),
      `${sum(resources, 'lost')} of ${count(sum(resources, 'accepted'))}`,
    ];
  });
  return table(head, rows);
}

function bounds() {
  const head = [
    'store',
    'watchdog lease',
    'next grant after the local deadline of a lost hold, at the earliest',
    'next grant after a lost message, at most',
    'behind one dead request',
    'behind five',
    'free and waited for, without a fault near, at most',
    'SIGTERM until the process has ended, at most',
  ];
  const rows = storesOf().map((of) => {
    const measured = of.map((report) => report.measured);
    const most = (field) =>
      extreme(
        Math.max,
        measured.map((one) => one[field]),
      );
    const closest = extreme(
      Math.min,
      measured.map((one) => one.closestDeadlineMs),
    );
    return [
      of[0].title,
      ms(of[0].watchdogMs),
      closest === null ? '–' : `${closest.toFixed(1)} ms`,
      ms(most('lostMessageMs')),
      ms(most('deadHeadMs')),
      ms(most('deadHeadsMs')),
      ms(most('longestIdleMs')),
      ms(most('slowestExitMs')),
    ];
  });
  return table(head, rows);
}

function byFault(of) {
  const names = [...new Set(of.flatMap(({ rows }) => rows.map(({ fault }) => fault)))];
  const head = [
    'fault',
    'runs',
    'faults',
    'acquisitions',
    'overlaps',
    'as permitted',
    'regressions',
    'lost wake-ups',
    'others',
    'slowest recovery',
  ];
  const rows = names.map((name) => {
    const rowsOf = of.flatMap((report) => report.rows.filter(({ fault }) => fault === name));
    return [
      rowsOf[0].title,
      rowsOf.length,
      count(sum(rowsOf, 'times')),
      count(sum(rowsOf, 'acquisitions')),
      ...['overlaps', 'permitted', 'regressions', 'lostWakeUps', 'others'].map((field) => sum(rowsOf, field)),
      seconds(
        extreme(
          Math.max,
          rowsOf.map((row) => row.slowestRecoveryMs),
        ),
      ),
    ];
  });
  const pictures = of.map(
    ({ name, seed, minutes, date, machine }) =>
      `[seed ${seed}](reliability/${name}.svg), ${minutes} minutes, ${date}, ${machine}`,
  );
  return [`### ${of[0].title}`, '', ...table(head, rows), '', `Pictures: ${pictures.join('; ')}.`, ''];
}

function made() {
  return [
    BEGIN,
    '',
    ...summary(),
    '',
    '## The bounds, as measured',
    '',
    ...bounds(),
    '',
    '## By fault',
    '',
    ...storesOf().flatMap(byFault),
    END,
  ].join('\n');
}

const page = readFileSync(PAGE, 'utf8');
const [before, after] = [page.slice(0, page.indexOf(BEGIN)), page.slice(page.indexOf(END) + END.length)];
const fresh = `${before}${made()}${after}`;
if (!process.argv.includes('--check')) writeFileSync(PAGE, fresh);
else if (fresh !== page) {
  console.error(`${PAGE} is older than its reports. Run: node scripts/reliability-table.mjs`);
  process.exit(1);
}
