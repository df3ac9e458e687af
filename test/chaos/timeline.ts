import type { RequestSpan } from '../../lib/testing/history.js';
import type { Record as Campaigned } from './campaign.js';
import type { Verdict } from './judge.js';

/** Sizes in pixels. */
const WIDTH = 1_200;
const LEFT = 100;
const ROW = 18;
const BAR = ROW - 4;
const TOP = 30;
const BOTTOM = 30;
/** Holds closer to each other than so much are drawn as one. */
const STEP = 3;

/** Of processes, by their slots. */
const COLOURS = ['#4477aa', '#66ccee', '#228833', '#ccbb44', '#aa3377'];
const SUFFERS = '#ee6677';
const NOBODY = '#eeeeee';

/** A stretch of time in one row of the picture. */
interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * A picture of a campaign, as SVG: above, what each process and the server suffered; below, who held each key, in the
 * colour of its process; red lines where a promise was broken.
 */
export function timeline(campaign: Campaigned, verdict: Verdict): string {
  const paper = new Paper(campaign.startMs, campaign.endMs);
  const { slots, topology, seed, struck } = campaign;
  const rows = Array.from({ length: slots + 1 }, (_, slot) => slot);
  for (const slot of rows) {
    const name = slot < slots ? `process ${slot}` : 'server';
    const suffered = struck.filter((one) => (one.slot ?? slots) === slot);
    paper.row(name, slot < slots ? COLOURS[slot % COLOURS.length]! : 'black');
    for (const { kind, startMs, endMs } of suffered) paper.bar({ fromMs: startMs, toMs: endMs }, kind);
  }
  for (const key of [...verdict.spans.keys()].sort()) {
    paper.row(key, 'black');
    for (const [slot, bars] of holdsOf(verdict.spans.get(key)!, paper.stepMs)) {
      paper.bars(bars, COLOURS[slot % COLOURS.length]!);
    }
  }
  for (const { atMs, message } of verdict.faults) paper.line(atMs, message);
  return paper.sheet(`${topology.title}, seed ${seed}`);
}

/** One drawing: rows from above, time from left to right. */
class Paper {
  private readonly parts: string[] = [];
  private readonly lines: [x: string, message: string][] = [];
  private rows = 0;

  constructor(
    private readonly startMs: number,
    private readonly endMs: number,
  ) {}

  get stepMs(): number {
    return (STEP * (this.endMs - this.startMs)) / (WIDTH - LEFT);
  }

  row(name: string, colour: string): void {
    this.rows++;
    this.parts.push(text([8, this.top + 11], name, colour));
    this.parts.push(rect({ x: LEFT, y: this.top, width: WIDTH - LEFT }, NOBODY));
  }

  bar({ fromMs, toMs }: Bar, title: string): void {
    const [x, to] = [this.x(fromMs), this.x(toMs)];
    const place = { x, y: this.top, width: Math.max(2, to - x) };
    this.parts.push(rect(place, SUFFERS, `${title}, ${Math.round(toMs - fromMs)} ms`));
  }

  bars(bars: readonly Bar[], colour: string): void {
    const steps = bars.map(({ fromMs, toMs }) => {
      const [x, to] = [this.x(fromMs), this.x(toMs)];
      return `M${x.toFixed(0)} ${this.top}h${Math.max(1, to - x).toFixed(0)}v${BAR}h-${Math.max(1, to - x).toFixed(0)}z`;
    });
    this.parts.push(`<path fill="${colour}" d="${steps.join('')}"/>`);
  }

  line(atMs: number, message: string): void {
    this.lines.push([this.x(atMs).toFixed(1), message]);
  }

  sheet(title: string): string {
    const height = TOP + this.rows * ROW + BOTTOM;
    const lasts = (this.endMs - this.startMs) / 1_000;
    const seconds = Array.from({ length: 7 }, (_, index) => (index * lasts) / 6);
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">`,
      `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
      text([8, 18], `${title}: ${lasts.toFixed(0)} s`),
      ...this.parts,
      ...this.lines.map(
        ([x, message]) =>
          `<path stroke="red" d="M${x} ${TOP}V${height - BOTTOM}"><title>${escaped(message)}</title></path>`,
      ),
      ...seconds.map((at) =>
        text([Math.min(this.x(this.startMs + at * 1_000), WIDTH - 30), height - 10], `${at.toFixed(0)} s`),
      ),
      '</svg>',
      '',
    ].join('\n');
  }

  private get top(): number {
    return TOP + (this.rows - 1) * ROW;
  }

  private x(ms: number): number {
    const share = (ms - this.startMs) / (this.endMs - this.startMs);
    return LEFT + Math.min(Math.max(0, share), 1) * (WIDTH - LEFT);
  }
}

/** By slot, no more of them than can be told apart. */
function holdsOf(spans: readonly RequestSpan[], stepMs: number): Map<number, Bar[]> {
  const holds = spans.filter(({ outcome }) => outcome === 'granted');
  const bars = merged(
    [...holds].sort((a, b) => a.answeredMs - b.answeredMs),
    stepMs,
  );
  const bySlot = new Map<number, Bar[]>();
  for (const { slot, ...bar } of bars) bySlot.set(slot, [...(bySlot.get(slot) ?? []), bar]);
  return bySlot;
}

/** Neighbours of one process are one bar; what is too short to be seen beside the one before is left out. */
function merged(holds: readonly RequestSpan[], stepMs: number): (Bar & { readonly slot: number })[] {
  const bars: { fromMs: number; toMs: number; slot: number }[] = [];
  for (const { answeredMs, endMs, client } of holds) {
    const slot = Number.parseInt(client, 10);
    const last = bars.at(-1);
    if (last?.slot === slot && answeredMs - last.toMs < stepMs) last.toMs = Math.max(last.toMs, endMs);
    else if (!last || endMs > last.fromMs + stepMs) bars.push({ fromMs: answeredMs, toMs: endMs, slot });
  }
  return bars;
}

function rect(
  { x, y, width }: { x: number; y: number; width: number },
  colour: string,
  title?: string,
): string {
  const shape = `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${colour}"`;
  return title === undefined ? `${shape}/>` : `${shape}><title>${escaped(title)}</title></rect>`;
}

function text([x, y]: readonly [x: number, y: number], words: string, colour = 'black'): string {
  return `<text x="${x.toFixed(1)}" y="${y}" fill="${colour}">${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
