/** What the host says when it has no memory for a guest is not taken for something that the guest did. */
import { describe, expect, it } from "vitest";
import { interpreterTier } from "../../../runtime/interpret/guest-code.ts";
import { meteredTier } from "../../../runtime/metered/guest-code.ts";
import { v8Tier } from "../../../runtime/v8/guest-code.ts";

/** As V8 words it: of an instance's memory, and of an array. */
const WORDINGS = [
  "WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance",
  "Array buffer allocation failed",
];

describe.each([
  ["metered", meteredTier()],
  ["interpreter", interpreterTier],
  ["v8", v8Tier],
])("in the %s tier", (_name, tier) => {
  it.each(WORDINGS)("%s", (message) => {
    expect(tier.trapOf(new RangeError(message), undefined)).toEqual({ code: "out-of-memory", message });
  });
});

it("a stack without end is still the guest's own doing", () => {
  const thrown = new RangeError("Maximum call stack size exceeded");
  expect(v8Tier.trapOf(thrown, undefined).code).toBe("call-stack-exhausted");
});
