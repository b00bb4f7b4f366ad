/** A TPM's quote beside the device key's signature: what it proves, and everything that is no such proof. */
import { describe, expect, it } from "vitest";
import { appraise, type Remembered } from "../../../attest/index.ts";
import { readQuote } from "../../../attest/tpm/quote-structure.ts";
import { digestOf, judged, NOW, reference, say } from "./appraise-board.ts";
import { captured, EC, MADE_PEM, maker, RSA, type Unsound } from "./tpm-quotes.ts";

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
const expecting = (pem: string, pcrs?: object) =>
  reference({ tpm: { key: pem, ...(pcrs === undefined ? {} : { pcrs }) } });
/** The reason that is given for the quote. */
async function why(tpm: Parameters<typeof maker>[0] | ReturnType<typeof maker>, pcrs?: object): Promise<string> {
  const quoter = tpm !== undefined && "quote" in tpm ? tpm : maker(tpm);
  const envelope = await say({}, { tpm: quoter });
  const { status, reasons } = appraise({
    envelope,
    reference: expecting(MADE_PEM, pcrs),
    before: undefined,
    nowMs: NOW,
  });
  const quote = reasons.find(({ check }) => check === "quote");
  return quote?.outcome === "passed" ? status : `${status} ${quote?.code}: ${quote?.facts["reason"]}`;
}

describe("a quote", () => {
  it.each([
    ["ECDSA P-256", EC],
    ["RSASSA", RSA],
  ])("that a TPM made with a key %s over this very statement is taken", async (_title, made) => {
    const envelope = await say({}, { tpm: captured(made) });
    expect(judged(envelope, { reference: expecting(made.pem, made.claim.pcrs) })).toEqual(["verified"]);
  });

  it("is read to its last byte: extra data, registers, counts", () => {
    const quote = readQuote(bytesOf(EC.claim.attested));
    expect(quote?.registers).toEqual([0, 1, 7]);
    expect(Buffer.from(quote?.extraData ?? []).toString("hex")).toBe(
      "fa73cc3a01782a8d6e3446db7f4c95d63c9168d0eb39f8fecc92df3968781b44",
    );
    expect(readQuote(bytesOf(RSA.claim.attested))?.registers).toEqual([7, 23]);
  });

  it("of another statement of the same board is refused: it cannot be carried over", async () => {
    const envelope = await say({ counter: 13 }, { tpm: captured(EC) });
    const { reasons, status } = appraise({ envelope, reference: expecting(EC.pem), before: undefined, nowMs: NOW });
    expect(status).toBe("mismatch");
    expect(reasons.find(({ check }) => check === "quote")?.facts).toEqual({ reason: "it is over another statement" });
  });

  it("is refused when it was made by another key, or a bit of it is not what was signed", async () => {
    expect(judged(await say({}, { tpm: captured(RSA) }), { reference: expecting(EC.pem) })).toEqual([
      "mismatch",
      "APPRAISE_QUOTE",
    ]);
    const attested = bytesOf(EC.claim.attested);
    for (let at = 0; at < attested.byteLength; at += 1) {
      const bent = Uint8Array.from(attested);
      bent[at] = (bent[at] ?? 0) ^ 1;
      const claim = { ...EC.claim, attested: Buffer.from(bent).toString("base64") };
      const envelope = await say({}, { tpm: captured({ ...EC, claim }) });
      expect(judged(envelope, { reference: expecting(EC.pem) })).toEqual(["mismatch", "APPRAISE_QUOTE"]);
    }
  });

  it("is refused cut anywhere, with the same answer and no exception", () => {
    const attested = bytesOf(EC.claim.attested);
    for (let size = 0; size < attested.byteLength; size += 1)
      expect(readQuote(attested.subarray(0, size))).toBeUndefined();
  });

  const NO_QUOTE = "mismatch APPRAISE_QUOTE: what is signed is no quote of the SHA-256 bank made by a TPM";
  const unsound: readonly (readonly [string, Unsound, string])[] = [
    ["does not begin as what a TPM makes", { magic: 0xff544348 }, NO_QUOTE],
    ["is another structure: a certification", { type: 0x8017 }, NO_QUOTE],
    ["is of the SHA-1 bank", { algorithm: 0x0004 }, NO_QUOTE],
    ["is of no bank", { banks: 0 }, NO_QUOTE],
    ["says that it is of many banks", { banks: 0xffffffff }, NO_QUOTE],
    ["selects more registers than there are", { select: [1, 0, 0, 0, 0] }, NO_QUOTE],
    ["goes on after its end", { tail: new Uint8Array(1) }, NO_QUOTE],
    ["ends before its end", { cut: 1 }, NO_QUOTE],
    ["has extra data of a length that no TPM gives", { extra: new Uint8Array(65) }, NO_QUOTE],
    ["is over nothing", { extra: new Uint8Array() }, "mismatch APPRAISE_QUOTE: it is over another statement"],
    [
      "is over other registers than the statement lists",
      { select: [0b1000_0011, 0, 0] },
      "mismatch APPRAISE_QUOTE: the quoted registers are not those that the statement lists",
    ],
    [
      "is over fewer registers than the statement lists",
      { select: [0b1000_0000, 0, 0] },
      "mismatch APPRAISE_QUOTE: the quoted registers are not those that the statement lists",
    ],
    [
      "is over other measurements than the statement lists",
      { said: { pcrs: { "0": digestOf("good"), "7": digestOf("measurements") } } },
      "mismatch APPRAISE_QUOTE: the listed measurements are not those that were quoted",
    ],
    ["is not base64", { said: { attested: "????" } }, "mismatch APPRAISE_QUOTE: the quote is not canonical base64"],
    [
      "has a signature of no bytes that fit",
      { said: { signature: "AAAA" } },
      "mismatch APPRAISE_QUOTE: its signature does not hold",
    ],
  ];
  it.each(unsound)("that %s is refused, though a key signed it", async (_title, how, expected) => {
    expect(await why(how)).toBe(expected);
  });

  it("shows the measurements that are expected, or is refused", async () => {
    expect(await why({})).toBe("verified");
    expect(await why({}, { "7": EC.claim.pcrs["7"] })).toBe("verified");
    expect(await why({}, { "7": digestOf("another kernel") })).toContain("register 7 is daf6d3e6");
    expect(await why({}, { "4": digestOf("a boot loader") })).toContain("register 4 is not quoted");
  });

  it("counts the chip's resets and restarts, which do not go back", async () => {
    const expected = expecting(MADE_PEM);
    const said = async (counter: number, resets: number, restarts: number, before?: Remembered) => {
      const envelope = await say({ counter }, { tpm: maker({ resets, restarts }) });
      return appraise({ envelope, reference: expected, before, nowMs: NOW });
    };
    const { remembered: first } = await said(12, 5, 2);
    expect(first?.tpm).toMatchObject({ resets: 5, restarts: 2 });
    expect((await said(13, 5, 2, first)).status).toBe("verified");
    expect((await said(13, 6, 0, first)).remembered?.tpm).toMatchObject({ resets: 6, restarts: 0 });
    for (const [resets, restarts] of [
      [4, 9],
      [5, 1],
    ] as const) {
      const back = await said(13, resets, restarts, first);
      expect([back.status, back.reasons.at(-1)?.code]).toEqual(["mismatch", "APPRAISE_QUOTE"]);
      expect(back.remembered?.tpm).toEqual(first?.tpm);
    }
    const without = appraise({
      envelope: await say({ counter: 13 }),
      reference: reference(),
      before: first,
      nowMs: NOW,
    });
    expect(without.remembered?.tpm).toEqual(first?.tpm);
  });

  it("of another chip, for which the board was enrolled anew, counts from where that chip is", async () => {
    const old = appraise({
      envelope: await say({}, { tpm: captured(EC) }),
      reference: expecting(EC.pem),
      before: undefined,
      nowMs: NOW,
    }).remembered;
    const before = old?.tpm && { ...old, tpm: { ...old.tpm, resets: 1_000_000, restarts: 1_000_000 } };
    const envelope = await say({ counter: 13 }, { tpm: maker({ resets: 1, restarts: 0 }) });
    const { status, remembered } = appraise({ envelope, reference: expecting(MADE_PEM), before, nowMs: NOW });
    expect(status).toBe("verified");
    expect(remembered?.tpm).toMatchObject({ resets: 1, restarts: 0 });
    expect(remembered?.tpm?.key).not.toBe(EC.claim.key);
  });

  it("whose measurements nobody gave values for says that they were not examined", async () => {
    const quote = async (pcrs?: object) => {
      const envelope = await say({}, { tpm: captured(EC) });
      const { reasons } = appraise({ envelope, reference: expecting(EC.pem, pcrs), before: undefined, nowMs: NOW });
      return reasons.find(({ check }) => check === "quote");
    };
    expect(await quote()).toMatchObject({ outcome: "passed", text: expect.stringContaining("not examined") });
    expect(await quote({})).toMatchObject({ outcome: "passed", text: expect.stringContaining("not examined") });
    expect((await quote(EC.claim.pcrs))?.text).not.toContain("not examined");
  });

  it("that nobody expects changes nothing, and its absence is told", async () => {
    const { reasons, status } = appraise({
      envelope: await say({}, { tpm: maker() }),
      reference: reference(),
      before: undefined,
      nowMs: NOW,
    });
    expect([status, reasons.at(-1)?.outcome]).toEqual(["verified", "unexamined"]);
    expect(judged(await say(), { reference: expecting(MADE_PEM) })).toEqual(["mismatch", "APPRAISE_QUOTE"]);
  });
});
