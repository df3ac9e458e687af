import type { Role } from '../library.js';

/** One bar. */
export interface PlotBar {
  readonly label: string;
  readonly value: number;
  readonly role: Role;
}

export interface Plot {
  readonly title: string;
  readonly bars: readonly PlotBar[];
  readonly digits: number;
  /** For values that differ by powers of ten. Default false. */
  readonly isLogarithmic?: boolean;
}

const WIDTH = 760;
const LABELS = 210;
const VALUES = 80;
const ROW = 24;
const TOP = 40;
/** Readable on white and on black. */
const COLOURS: Readonly<Record<Role, string>> = { ours: '#e0234e', peer: '#7a8aa0', limit: '#b8a04a' };

/** Horizontal bars as an SVG; what has no value has no bar. */
export function plotSvg({ title, bars, digits, isLogarithmic = false }: Plot): string {
  const shown = bars.filter(({ value }) => Number.isFinite(value));
  const lengthOf = scale(
    shown.map(({ value }) => value),
    isLogarithmic,
  );
  const rows = shown.map(({ label, value, role }, index) => {
    const y = TOP + index * ROW;
    const length = lengthOf(value).toFixed(1);
    const end = (LABELS + 6 + Number(length)).toFixed(1);
    return [
      `<text x="${LABELS - 8}" y="${y + 15}" text-anchor="end">${escaped(label)}</text>`,
      `<rect x="${LABELS}" y="${y + 3}" width="${length}" height="${ROW - 7}" rx="2" fill="${COLOURS[role]}"/>`,
      `<text x="${end}" y="${y + 15}">${numberText(value, digits)}</text>`,
    ].join('');
  });
  const height = TOP + shown.length * ROW + 10;
  const note = isLogarithmic ? ' (logarithmic)' : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#808890">
<text x="8" y="22" font-size="15" font-weight="600">${escaped(title)}${note}</text>
${rows.join('\n')}
</svg>
`;
}

/** Lengths of bars; on a logarithmic scale the least value still has one. */
function scale(values: readonly number[], isLogarithmic: boolean): (value: number) => number {
  const room = WIDTH - LABELS - VALUES;
  const most = Math.max(...values);
  if (!isLogarithmic) return (value) => (most > 0 ? (value / most) * room : 0);
  const positive = values.filter((value) => value > 0);
  const floor = Math.log10(Math.min(...positive)) - 0.5;
  const span = Math.log10(most) - floor;
  return (value) => (value > 0 ? ((Math.log10(value) - floor) / span) * room : 0);
}

/** As in the tables, with commas between thousands. */
export function numberText(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
