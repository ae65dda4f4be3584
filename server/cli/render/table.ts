import { escapeControls } from './escape.ts';

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string;
  readonly align?: 'right';
  /** Paints a padded cell; never seen where colour is off. */
  readonly paint?: (cell: string, row: Row) => string;
}

/** Columns as wide as their widest cell; the last one takes what is left of `width` (null: all it wants). */
export const renderTable = <Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number | null,
): string => {
  const cells = rows.map((row) => columns.map((column) => escapeControls(column.of(row)).replaceAll('\t', ' ')));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + 2, 0);
  const room = width === null ? Number.POSITIVE_INFINITY : Math.max(10, width - before);
  const lay = (texts: readonly string[], row: Row | null): string =>
    columns
      .map((column, index) => {
        const isLast = index === columns.length - 1;
        const text = isLast ? cut(texts[index] ?? '', room) : (texts[index] ?? '');
        const padded =
          column.align === 'right'
            ? text.padStart(widths[index] ?? 0)
            : isLast
              ? text
              : text.padEnd(widths[index] ?? 0);
        return row !== null && column.paint !== undefined ? column.paint(padded, row) : padded;
      })
      .join('  ')
      .trimEnd();
  const head = lay(
    columns.map((column) => column.title),
    null,
  );
  return `${[head, ...rows.map((row, index) => lay(cells[index] ?? [], row))].join('\n')}\n`;
};

const cut = (text: string, room: number): string =>
  text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`;
