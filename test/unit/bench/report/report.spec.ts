import { describe, expect, it } from '@jest/globals';
import { plotSvg } from '../../../../bench/report/plot.js';
import { replaced } from '../../../../bench/report/report.js';
import type { Row } from '../../../../bench/report/result.js';
import { markdownTable, verdictTable } from '../../../../bench/report/table.js';

const row = (library: string, figures: Record<string, number>, more: Partial<Row> = {}): Row => ({
  library,
  figures,
  role: 'peer',
  version: '1.2',
  ground: 'redis',
  rounds: [],
  ...more,
});
const columns = [
  { name: 'rate', title: 'hand-offs/s', digits: 0 },
  { name: 'jain', title: 'Jain', digits: 2 },
];

describe('a table', () => {
  it('has a line for each library, in the digits of the column, and a dash for what there is not', () => {
    const rows = [row('ours', { rate: 12_345.6, jain: 0.999 }), row('other', { rate: NaN }, { version: '' })];
    expect(markdownTable({ workload: 'c', title: 'Hot key', columns, rows })).toBe(
      [
        '### c. Hot key',
        '',
        '| library | hand-offs/s | Jain |',
        '| --- | --: | --: |',
        '| ours 1.2 | 12,346 | 1.00 |',
        '| other | – | – |',
      ].join('\n'),
    );
  });

  it('says which library ended early, and why', () => {
    const rows = [row('other', {}, { failure: 'Error: gone\n    at somewhere' })];
    expect(markdownTable({ workload: 'c', title: '', columns, rows })).toMatch(
      /\nother ended before its rounds did: Error: gone$/,
    );
  });

  it('reads numbers that JSON could not write', () => {
    const rows = [row('ours', JSON.parse(JSON.stringify({ rate: NaN, jain: 1 })) as Record<string, number>)];
    expect(markdownTable({ workload: 'c', title: '', columns, rows })).toContain('| ours 1.2 | – | 1.00 |');
  });

  it('says of each bar whether it is met', () => {
    const verdict = { workload: 'a', what: 'ratio', bar: '≤ 1.2', value: 1.234 };
    expect(verdictTable([{ ...verdict, isMet: false }])).toContain('| a: ratio | ≤ 1.2 | 1.23 | **no** |');
    expect(verdictTable([{ ...verdict, isMet: true }])).toContain('| yes |');
  });
});

describe('a plot', () => {
  const widths = (svg: string) =>
    [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));
  const bars = [
    { label: 'ours', role: 'ours', value: 1_000 },
    { label: 'a & b', role: 'peer', value: 10 },
    { label: 'none', role: 'peer', value: NaN },
  ] as const;

  it('draws bars as long as their values', () => {
    const [longest, shortest, ...more] = widths(plotSvg({ title: 't', digits: 0, bars }));
    expect(longest! / shortest!).toBeCloseTo(100, 0);
    expect(more).toEqual([]);
  });

  it('draws powers of ten in equal steps where it is asked to', () => {
    const decades = [1, 10, 100].map((value) => ({ label: `${value}`, role: 'peer', value }) as const);
    const [one, ten, hundred] = widths(
      plotSvg({ title: 't', digits: 0, bars: decades, isLogarithmic: true }),
    );
    expect(ten! - one!).toBeCloseTo(hundred! - ten!, 0);
    expect(one).toBeGreaterThan(0);
  });

  it('writes names as text', () => {
    expect(plotSvg({ title: '<t>', digits: 0, bars })).toMatch(/&lt;t&gt;[^]*>a &amp; b</);
  });
});

describe('the README', () => {
  const BEGIN = '<!-- results: written by npm run bench:report -->';
  const END = '<!-- end of results -->';

  it('keeps what stands outside of the marks', () => {
    const once = replaced(`before\n${BEGIN}\nold\n${END}\nafter\n`, 'new');
    expect(once).toBe(`before\n${BEGIN}\n\nnew\n\n${END}\nafter\n`);
    expect(replaced(once, 'new')).toBe(once);
  });

  it('is left alone where they are missing', () => {
    expect(() => replaced('nothing', 'new')).toThrow(/lacks the marks/);
  });
});
