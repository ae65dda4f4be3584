import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';
import type { ChartThreshold } from '../reading/chart-thresholds.ts';
import { formatClock, formatHour } from '../reading/format.ts';
import { drawThresholds } from './plot-thresholds.ts';

export interface PlotMark {
  readonly atMs: number;
  readonly label: string;
}

/** What a chart is drawn from. The limit and thresholds are drawn where they are near enough to matter. */
export interface PlotContent {
  readonly atMs: readonly number[];
  readonly values: readonly (number | null)[];
  readonly limit: number | null;
  readonly thresholds: readonly ChartThreshold[];
  readonly floor: number;
  readonly marks: readonly PlotMark[];
}

interface PlotSetting {
  readonly format: (value: number) => string;
  readonly stroke: 'accent' | 'calm';
  readonly height: number;
  /** Steps that the axis of values may have, smallest first. */
  readonly steps: readonly number[];
  readonly content: () => PlotContent;
  readonly onpoint: (index: number | null) => void;
}

const axisFont = '11px system-ui, sans-serif';
const inks = ['accent', 'calm', 'bad', 'risk', 'ink-3', 'line', 'surface'] as const;
type Inks = Readonly<Record<(typeof inks)[number], string>>;

/** A line is part of the picture while the values are at least a third of it. */
export const isNear = ({ values, floor }: Pick<PlotContent, 'values' | 'floor'>, line: number): boolean =>
  line <= highestOf(values, floor) * 3;

const highestOf = (values: PlotContent['values'], floor: number): number =>
  values.reduce<number>((top, value) => Math.max(top, value ?? 0), floor);

const linesOf = ({ limit, thresholds }: PlotContent): readonly number[] => [
  ...(limit === null ? [] : [limit]),
  ...thresholds.map(({ value }) => value),
];

export const createPlot = (element: HTMLElement, setting: PlotSetting): uPlot => {
  const ink = readInks(element);
  const { content, format } = setting;
  const axis = { stroke: ink['ink-3'], grid: { stroke: ink.line, width: 1 }, ticks: { show: false } };
  return new uPlot(
    {
      width: element.clientWidth,
      height: setting.height,
      legend: { show: false },
      cursor: { sync: { key: 'run' }, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { y: { range: () => [0, topOf(content())] } },
      axes: [
        {
          ...axis,
          font: axisFont,
          space: 80,
          size: 28,
          // Where marks stand closer than a minute, the minute alone would say the same again and again.
          values: (_plot, splits, _axis, _space, stepS) =>
            splits.map((s) => (stepS < 60 ? formatClock(s * 1000) : formatHour(s * 1000))),
        },
        {
          ...axis,
          font: axisFont,
          space: 38,
          size: 62,
          incrs: [...setting.steps],
          values: (_plot, splits) => splits.map(format),
        },
      ],
      series: [
        {},
        { stroke: ink[setting.stroke], fill: `${ink[setting.stroke]}22`, width: 1.75, points: { show: false } },
      ],
      hooks: {
        draw: [
          (plot) => drawLimit(plot, content(), ink),
          (plot) => drawThresholds(plot, nearThresholds(content()), ink),
          (plot) => drawMarks(plot, content(), ink),
        ],
        setCursor: [(plot) => setting.onpoint(plot.cursor.idx ?? null)],
      },
    },
    dataOf(content()),
    element,
  );
};

export const dataOf = ({ atMs, values }: PlotContent): uPlot.AlignedData => [atMs.map((ms) => ms / 1000), [...values]];

const topOf = (content: PlotContent): number => {
  const near = linesOf(content).filter((line) => isNear(content, line));
  return Math.max(highestOf(content.values, content.floor), ...near) * 1.12;
};

// A canvas knows no custom properties: each colour is resolved by an element that wears it.
const readInks = (element: HTMLElement): Inks => {
  const probe = element.ownerDocument.createElement('span');
  element.append(probe);
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return toHex(getComputedStyle(probe).color);
  };
  const [accent = '', calm = '', bad = '', risk = '', ink3 = '', line = '', surface = ''] = inks.map(read);
  probe.remove();
  return { accent, calm, bad, risk, 'ink-3': ink3, line, surface };
};

const toHex = (color: string): string =>
  `#${(color.match(/[\d.]+/g) ?? [])
    .slice(0, 3)
    .map((part) => Math.round(Number(part)).toString(16).padStart(2, '0'))
    .join('')}`;

const nearThresholds = (content: PlotContent): readonly ChartThreshold[] =>
  content.thresholds.filter(({ value }) => isNear(content, value));

/** Where a rule holds the run to its limit, the line of the rule is drawn. */
const drawLimit = (plot: uPlot, content: PlotContent, ink: Inks): void => {
  const { limit, thresholds } = content;
  if (limit === null || !isNear(content, limit) || thresholds.some(({ value }) => value === limit)) return;
  const y = plot.valToPos(limit, 'y', true);
  stroke(plot, ink.bad, [6, 4], () => {
    plot.ctx.moveTo(plot.bbox.left, y);
    plot.ctx.lineTo(plot.bbox.left + plot.bbox.width, y);
  });
};

const drawMarks = (plot: uPlot, { marks }: PlotContent, ink: Inks): void => {
  for (const { atMs } of marks) {
    const x = plot.valToPos(atMs / 1000, 'x', true);
    if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) continue;
    stroke(plot, ink.bad, [], () => {
      plot.ctx.moveTo(x, plot.bbox.top);
      plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
    });
    drawFlag(plot, x, ink.bad);
  }
};

const stroke = ({ ctx }: uPlot, color: string, dash: number[], trace: () => void): void => {
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  trace();
  ctx.stroke();
  ctx.restore();
};

const drawFlag = ({ ctx, bbox }: uPlot, x: number, color: string): void => {
  const size = 5 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.moveTo(x - size, bbox.top);
  ctx.lineTo(x + size, bbox.top);
  ctx.lineTo(x, bbox.top + size * 1.4);
  ctx.fill();
  ctx.restore();
};
