import type uPlot from 'uplot';
import type { ChartThreshold } from '../reading/chart-thresholds.ts';

/** How a line is drawn tells as much as its colour does: dots for a rule at rest, dashes, then one thick stroke. */
const looks = {
  inactive: { ink: 'ink-3', dash: [2, 4], widthPx: 1 },
  pending: { ink: 'risk', dash: [8, 4], widthPx: 1.5 },
  firing: { ink: 'bad', dash: [], widthPx: 2.5 },
} as const;

type Inks = Readonly<Record<'ink-3' | 'risk' | 'bad' | 'surface', string>>;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
}

const labelFont = 11;
const labelRoom = 14;

/** All lines, and over them the names of their rules, each beside its own where no other label is. */
export const drawThresholds = (plot: uPlot, thresholds: readonly ChartThreshold[], inks: Inks): void => {
  const placeOf = (value: number): number => plot.valToPos(value, 'y', true);
  for (const { value, state } of thresholds) {
    const { ink, dash, widthPx } = looks[state];
    drawLine(plot, placeOf(value), { color: inks[ink], dash, widthPx });
  }
  const taken: Box[] = [];
  for (const { value, state, label } of thresholds) {
    const place = placeFor(plot, { label, y: placeOf(value), taken });
    if (place === null) continue; // the list below the chart names it all the same
    taken.push(place);
    drawLabel(plot, label, { ...place, color: inks[looks[state].ink], halo: inks.surface });
  }
};

const drawLine = (
  { ctx, bbox }: uPlot,
  y: number,
  look: { readonly color: string; readonly dash: readonly number[]; readonly widthPx: number },
): void => {
  ctx.save();
  ctx.strokeStyle = look.color;
  ctx.lineWidth = look.widthPx * devicePixelRatio;
  ctx.setLineDash(look.dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
};

/** Above its line at the left, else at the right, else below it. */
const placeFor = (
  { ctx, bbox }: uPlot,
  { label, y, taken }: { readonly label: string; readonly y: number; readonly taken: readonly Box[] },
): Box | null => {
  ctx.save();
  ctx.font = fontOf();
  const width = ctx.measureText(label).width;
  ctx.restore();
  const room = labelRoom * devicePixelRatio;
  const inset = 4 * devicePixelRatio;
  const sides = [bbox.left + inset, bbox.left + bbox.width - width - inset];
  const places = [y - room, y + inset / 2].flatMap((top) => sides.map((left) => ({ left, top, width })));
  const isFree = (place: Box): boolean =>
    place.top >= bbox.top &&
    place.top + room <= bbox.top + bbox.height &&
    taken.every((box) => !overlaps(box, place, room));
  return places.find(isFree) ?? null;
};

const overlaps = (a: Box, b: Box, room: number): boolean =>
  Math.abs(a.top - b.top) < room && a.left < b.left + b.width && b.left < a.left + a.width;

// The curve may run behind the words: a rim in the colour of the card keeps them readable.
const drawLabel = (
  { ctx }: uPlot,
  label: string,
  { left, top, color, halo }: Box & { readonly color: string; readonly halo: string },
): void => {
  ctx.save();
  ctx.font = fontOf();
  ctx.textAlign = 'left';
  ctx.textBaseline = 'top';
  ctx.lineJoin = 'round';
  ctx.strokeStyle = halo;
  ctx.lineWidth = 3 * devicePixelRatio;
  ctx.strokeText(label, left, top);
  ctx.fillStyle = color;
  ctx.fillText(label, left, top);
  ctx.restore();
};

const fontOf = (): string => `${labelFont * devicePixelRatio}px system-ui, sans-serif`;
