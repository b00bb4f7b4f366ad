/**
 * DER taken apart for the fuzzer: single elements changed, and signatures of ECDSA in their two forms. Of a signature
 * (r, s) everybody can make (r, n - s), which holds as well and says the same; no verifier of the web refuses it.
 */
import { ASN1Obj } from "@sigstore/core";
import type { Random } from "../random.ts";

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const CONTEXT_0 = 0xa0;
/** Group orders (SEC 2). */
const ORDERS = [
  0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
] as const;

export function readDer(bytes: Uint8Array): ASN1Obj | undefined {
  try {
    return ASN1Obj.parseBuffer(Buffer.from(bytes));
  } catch {
    return undefined;
  }
}

const tagOf = (element: ASN1Obj) => element.tag.toDER();
const big = (element: ASN1Obj | undefined) => BigInt(`0x0${element?.value.toString("hex") ?? ""}`);

/** The same DER with every ECDSA signature in it in its other form, if it has one. */
export function twinned(bytes: Uint8Array): Uint8Array | undefined {
  return rewritten(bytes, (s, order) => order - s);
}

/** The same for both forms of each signature, and for any embedded certificates of a timestamp's token. */
export function plain(bytes: Uint8Array): string {
  const root = readDer(bytes);
  if (root === undefined) return Buffer.from(bytes).toString("hex");
  const data = root.subs[1]?.subs[1]?.subs[0];
  const certificates = data?.subs[3];
  if (data !== undefined && data.subs.length === 5 && certificates !== undefined && tagOf(certificates) === CONTEXT_0) {
    data.subs.splice(3, 1);
  }
  const der = root.toDER();
  const smaller = rewritten(der, (s, order) => (2n * s < order ? s : order - s));
  return Buffer.from(smaller ?? der).toString("hex");
}

function rewritten(bytes: Uint8Array, change: (s: bigint, order: bigint) => bigint): Uint8Array | undefined {
  const root = readDer(bytes);
  if (root === undefined) return undefined;
  let found = false;
  const visit = (parent: ASN1Obj): void => {
    for (const [index, one] of parent.subs.entries()) {
      if (tagOf(one) !== BIT_STRING) {
        if (isSignature(one)) mend(one);
        else visit(one);
        continue;
      }
      const inner = readDer(one.value.subarray(1));
      if (inner === undefined || !isSignature(inner)) continue;
      mend(inner);
      parent.subs.splice(index, 1, new ASN1Obj(one.tag, Buffer.concat([one.value.subarray(0, 1), inner.toDER()]), []));
    }
  };
  const mend = (signature: ASN1Obj): void => {
    const [r, s] = signature.subs;
    const order = big(r) < ORDERS[0] && big(s) < ORDERS[0] ? ORDERS[0] : ORDERS[1];
    signature.subs.splice(1, 1, integer(change(big(s), order)));
    found = true;
  };
  if (isSignature(root)) mend(root);
  else visit(root);
  return found ? root.toDER() : undefined;
}

function isSignature(element: ASN1Obj): boolean {
  const [r, s, ...more] = element.subs;
  const isLong = (one: ASN1Obj | undefined) => one !== undefined && tagOf(one) === INTEGER && one.value.length > 16;
  return tagOf(element) === SEQUENCE && more.length === 0 && isLong(r) && isLong(s);
}

function integer(value: bigint): ASN1Obj {
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const body = Buffer.from(Number.parseInt(even.slice(0, 2), 16) > 0x7f ? `00${even}` : even, "hex");
  return ASN1Obj.parseBuffer(Buffer.concat([Buffer.from([INTEGER, body.length]), body]));
}

/** One element somewhere in the tree doubled, dropped, or with another byte in it. */
export function changedDer(bytes: Uint8Array, random: Random): Uint8Array | undefined {
  const root = readDer(bytes);
  if (root === undefined) return undefined;
  const all: { readonly parent: ASN1Obj; readonly index: number }[] = [];
  const visit = (parent: ASN1Obj): void => {
    for (const [index, one] of parent.subs.entries()) {
      all.push({ parent, index });
      visit(one);
    }
  };
  visit(root);
  if (all.length === 0) return undefined;
  const { parent, index } = random.pick(all);
  const element = parent.subs[index];
  if (element === undefined) return undefined;
  const kind = random.below(4);
  if (kind === 0) parent.subs.splice(index, 1);
  else if (kind === 1) parent.subs.splice(index, 0, element);
  else if (element.subs.length === 0 && element.value.length > 0) {
    const value = Buffer.from(element.value);
    value[random.below(value.length)] = random.below(256);
    parent.subs.splice(index, 1, new ASN1Obj(element.tag, value, []));
  } else parent.subs.splice(index, 1, ...element.subs);
  return root.toDER();
}
