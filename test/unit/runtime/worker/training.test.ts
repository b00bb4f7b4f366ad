/** What the preparing thread practises on is prepared like any module: were it refused, the thread would learn nothing. */
import { expect, it } from "vitest";
import { PLAIN_GRADE } from "../../../../runtime/engine.ts";
import { prepare } from "../../../../runtime/metered/prepare.ts";
import { trainingModule } from "../../../../runtime/worker/training.ts";

it("the training module is admitted, instrumented and compiled in every grade", () => {
  for (const fuel of ["none", "block", "exact"] as const) {
    const bytes = prepare(trainingModule(), { ...PLAIN_GRADE, fuel });
    expect(bytes.length).toBeGreaterThan(trainingModule().length);
    expect(WebAssembly.validate(bytes)).toBe(true);
  }
});
