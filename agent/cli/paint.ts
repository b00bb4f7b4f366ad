/** Colours for a terminal, and nothing for a pipe. */
export function paint(on: boolean) {
  const wrap = (code: number) => (text: string) => (on ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { red: wrap(31), green: wrap(32), yellow: wrap(33), blue: wrap(36), dim: wrap(2), bold: wrap(1) };
}
