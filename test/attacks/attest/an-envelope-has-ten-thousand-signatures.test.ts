/** Made to hurt: signature upon signature, so that the board verifies until it does nothing else. */
import { describe, expect, it } from "vitest";
import { base64 } from "../../../runtime/kernel/bytes.ts";
import { envelope, lines, newSigner, provenanceBy } from "../../unit/attest/own-keys.ts";
import { altered, type Json, statement } from "../../unit/attest/release.ts";
import { accepts, cpuMs, door, keylessPolicy, keyPolicy, refuses } from "./door.ts";

const at = door();
const KEYS = Array.from({ length: 32 }, newSigner);
const [key = newSigner()] = KEYS;
const policy = keyPolicy(KEYS.slice(0, 16));
const CPU_MS = 1000;
/** Decodes, and holds for nobody. */
const garbage = (index: number) => base64(new Uint8Array(64).fill(index % 251));

async function padded(count: number): Promise<Uint8Array> {
  return altered(await provenanceBy(key), (json: Json) => {
    json.signatures.unshift(...Array.from({ length: count }, (_, index) => ({ sig: garbage(index) })));
  });
}

describe("signatures without end", () => {
  it("are refused unread in a plain envelope, though one among them is good", async () => {
    const bomb = await padded(9_999);
    let verdict = at.ask(await padded(3), { policy });
    accepts(verdict);
    const took = cpuMs(() => {
      verdict = at.ask(bomb, { policy });
    });
    const said = /signatures must be at most 16 items, found an array of 10000$/;
    refuses(verdict, "ATTEST_BUNDLE_INVALID", "refusal", said);
    expect(took).toBeLessThan(CPU_MS);
  });

  it("are refused unread in a bundle, which has one signature only", () => {
    const many = altered(at.honest, ({ dsseEnvelope }: Json) => {
      dsseEnvelope.signatures = Array.from({ length: 10_000 }, () => ({ sig: "AAAA" }));
    });
    let verdict = at.ask(at.honest, { policy: keylessPolicy() });
    accepts(verdict);
    const took = cpuMs(() => {
      verdict = at.ask(many, { policy: keylessPolicy() });
    });
    const said = /signatures must be at most 1 items, found an array of 10000$/;
    refuses(verdict, "ATTEST_BUNDLE_INVALID", "refusal", said);
    expect(took).toBeLessThan(CPU_MS);
  });

  it("are refused where more than a few are there to be looked at", async () => {
    const said = "the attestation bundle cannot be used: it has 16 signatures, at most 8 are looked at";
    refuses(at.ask(await padded(15), { policy }), "ATTEST_BUNDLE_INVALID", "refusal", said);
  });

  it("cost less than a second where there are as many as may be, under as many keys as may be", async () => {
    const others = { name: "others", keys: KEYS.slice(16).map((one) => one.publicPem) };
    const all = keyPolicy(KEYS.slice(0, 16), { parties: [others] });
    const strangers = Array.from({ length: 8 }, newSigner);
    const copied = (one: Uint8Array) => lines(...Array.from({ length: 16 }, () => one));
    const small = copied(await envelope(statement(), ...strangers));
    const middle = copied(await envelope(new Uint8Array(46_000), ...strangers));
    const large = await envelope(new Uint8Array(780_000), ...strangers);
    const said = "the signing key is not accepted: no key that the policy names signed it, or it was altered";
    for (const evidence of [small, middle, large]) {
      let verdict = at.ask(at.honest, { policy: all });
      const took = cpuMs(() => {
        verdict = at.ask(evidence, { policy: all });
      });
      refuses(verdict, "ATTEST_KEY", "refusal", said);
      expect(took).toBeLessThan(CPU_MS);
    }
  });
});
