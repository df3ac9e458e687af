import type { RequestSpan } from '../../lib/testing/history.js';
import type { Record as Campaigned } from './campaign.js';
import type { Verdict } from './judge.js';

/** Sizes in pixels. */
const WIDTH = 1_200;
const LEFT = 110;
const ROW = 18;
const TOP = 40;

const COLOURS = ['#4477aa', '#66ccee', '#228833', '#ccbb44', '#aa3377'];
const FAULT = '#ee6677';
const NOBODY = '#eeeeee';

interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly row: number;
  readonly colour: string;
  readonly title: string;
}

/**
 * A picture of a campaign: above, what each process and the server suffered; below, who held each key, in the colour of
 * its process; red lines where a promise was broken.
 */
export function timeline(campaign: Campaigned, verdict: Verdict): string {
  const { startMs, endMs, slots, topology, seed } = campaign;
  const keys = [...verdict.spans.keys()].sort();
  const names = [...Array.from({ length: slots }, (_, slot) => `process ${slot}`), 'server', ...keys];
  const scale = (WIDTH - LEFT) / (endMs - startMs);
  const x = (ms: number): number => LEFT + Math.min(Math.max(0, ms - startMs), endMs - startMs) * scale;
  const bars = [
    ...faultBars(campaign),
    ...keys.flatMap((key, index) =>
      holdBars(verdict.spans.get(key)!, { row: slots + 1 + index, stepMs: 1 / scale }),
    ),
  ];
  const height = TOP + names.length * ROW + 30;
  const text = (atX: number, atY: number, words: string): string =>
    `<text x="${atX.toFixed(1)}" y="${atY.toFixed(1)}">${escaped(words)}</text>`;
  const rect = ({ fromMs, toMs, row, colour, title }: Bar): string => {
    const width = Math.max(1, x(toMs) - x(fromMs));
    return `<rect x="${x(fromMs).toFixed(1)}" y="${TOP + row * ROW + 2}" width="${width.toFixed(1)}" height="${ROW - 4}" fill="${colour}"><title>${escaped(title)}</title></rect>`;
  };
  const broken = verdict.faults.map(
    ({ atMs, message }) =>
      `<line x1="${x(atMs).toFixed(1)}" x2="${x(atMs).toFixed(1)}" y1="${TOP}" y2="${height - 30}" stroke="red"><title>${escaped(message)}</title></line>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    text(8, 18, `${topology.title}, seed ${seed}: ${((endMs - startMs) / 1_000).toFixed(0)} s`),
    ...names.map((name, row) => text(8, TOP + row * ROW + 13, name)),
    ...names.map(
      (_, row) =>
        `<rect x="${LEFT}" y="${TOP + row * ROW + 2}" width="${WIDTH - LEFT}" height="${ROW - 4}" fill="${NOBODY}"/>`,
    ),
    ...bars.map(rect),
    ...broken,
    ...Array.from({ length: 7 }, (_, index) => startMs + (index * (endMs - startMs)) / 6).map((atMs) =>
      text(Math.min(x(atMs), WIDTH - 30), height - 10, `${((atMs - startMs) / 1_000).toFixed(0)} s`),
    ),
    '</svg>',
    '',
  ].join('\n');
}

function faultBars({ struck, slots }: Campaigned): Bar[] {
  return struck.map(({ kind, slot, startMs, endMs }) => ({
    fromMs: startMs,
    toMs: endMs,
    row: slot ?? slots,
    colour: FAULT,
    title: `${kind}, ${(endMs - startMs).toFixed(0)} ms`,
  }));
}

/** Neighbours of one process are one bar; what is too short to be seen beside the one before is left out. */
function holdBars(spans: readonly RequestSpan[], { row, stepMs }: { row: number; stepMs: number }): Bar[] {
  const bars: { fromMs: number; toMs: number; slot: number; holds: number }[] = [];
  const holds = spans.filter(({ outcome }) => outcome === 'granted');
  for (const { answeredMs, endMs, client } of [...holds].sort((a, b) => a.answeredMs - b.answeredMs)) {
    const slot = Number.parseInt(client, 10);
    const last = bars.at(-1);
    if (last?.slot === slot && answeredMs - last.toMs < stepMs) {
      last.toMs = Math.max(last.toMs, endMs);
      last.holds++;
    } else if (!last || endMs > last.fromMs + stepMs) {
      bars.push({ fromMs: answeredMs, toMs: endMs, slot, holds: 1 });
    }
  }
  return bars.map(({ slot, holds: count, ...bar }) => {
    const colour = COLOURS[slot % COLOURS.length]!;
    return { ...bar, row, colour, title: `process ${slot}, ${count} holds` };
  });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
