/**
 * The library encodes a certificate anew for every comparison and every signature check, which is half the time of a
 * verification. A parsed certificate does not change, so each of its parts that is asked for is encoded once.
 */
import type { TrustMaterial } from "@sigstore/verify";

type Certificate = TrustMaterial["certificateAuthorities"][number]["certChain"][number];
type Element = Certificate["root"];

/** Whole, signed part, and the fields of that: what the library asks for. */
const DEPTH = 2;

export function encodeOnce({ root }: Certificate): void {
  visit(root, DEPTH);
}

function visit(element: Element, depth: number): void {
  const encode = element.toDER.bind(element);
  let der: Buffer | undefined;
  const once = () => {
    der ??= encode();
    return der;
  };
  Object.defineProperty(element, "toDER", { value: once });
  if (depth > 0) for (const part of element.subs) visit(part, depth - 1);
}
