/** Numbers as a person types them into the debugger. */

/** Decimal or hexadecimal. */
export function wholeNumber(text: string, max: number): number | undefined {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) return undefined;
  const number = Number(text);
  return number <= max ? number : undefined;
}
