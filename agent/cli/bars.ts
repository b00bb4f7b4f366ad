/** Small tables for a terminal: aligned columns, sizes in readable units, bars of block characters. */

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/** `value` of `most` as a bar of at most `width` characters; something is visible for any value above 0. */
export function bar(value: number, most: number, width: number): string {
  if (value <= 0 || most <= 0) return "";
  const eighths = Math.max(1, Math.round((Math.min(value, most) / most) * width * 8));
  return "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
}

/** `812 B`, `3.5 KiB`, `1.0 MiB`. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  for (const [n, unit] of ["KiB", "MiB", "GiB", "TiB", "PiB"].entries()) {
    const value = bytes / 1024 ** (n + 1);
    // What would round to 1024 goes to the next unit.
    if (value < 1023.95) return `${value.toFixed(1)} ${unit}`;
  }
  return `${(bytes / 1024 ** 5).toFixed(0)} PiB`;
}

export type Column = "left" | "right";

/** Rows of cells as aligned lines; the last column is not padded. */
export function columns(rows: readonly (readonly string[])[], sides: readonly Column[]): readonly string[] {
  const widths = sides.map((_, n) => rows.reduce((most, row) => Math.max(most, row[n]?.length ?? 0), 0));
  return rows.map((row) =>
    row
      .map((cell, n) => (sides[n] === "right" ? cell.padStart(widths[n] ?? 0) : cell.padEnd(widths[n] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** Cut to so many characters, with a sign that it was. */
export const short = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;
