/** The body of an HTTP answer as text, up to a bound: what services say is as hostile as any input. */
import { concatBytes, fromUtf8 } from "../../runtime/kernel/bytes.ts";

/** Throws an Error for more than `maxBytes` or for what is not UTF-8. */
export async function boundedText({ body }: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const text = fromUtf8(concatBytes(...chunks));
  if (text === undefined) throw new Error("the answer is not UTF-8");
  return text;
}
