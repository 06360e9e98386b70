import { plain } from './human.ts';

/** One column: its heading and how a row shows in it. An empty cell shows as `-`. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'right';
}

const gap = '  ';

/** A table without lines: a heading, then one line for each row. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map((column) => plain(column.cell(row)) || '-'));
  const lines = [columns.map(({ head }) => head), ...cells];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, at) => pad(text, widths[at] ?? 0, columns[at]?.align))
        .join(gap)
        .trimEnd(),
    )
    .join('\n');
}

/** Names and values below each other. */
export function details(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}${gap}${plain(value) || '-'}`).join('\n');
}

function pad(text: string, width: number, align: 'right' | undefined): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width);
}
