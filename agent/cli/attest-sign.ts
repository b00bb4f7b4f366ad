/** `sallyport attest sign`: any in-toto statement, whole or made around a predicate from a file. */
import { inTotoStatement, parsePredicate } from "../../attest/publisher/index.ts";
import { SIGNING_OPTIONS, SUBJECT_OPTIONS, signAndWrite, subjectsOf } from "./attest-signing.ts";
import { readFile } from "./files.ts";
import { type Args, usageFault, type Verb } from "./verb.ts";

const NAME = "attest sign";
const PREDICATE_BYTES_MAX = 1_048_576;

export const verb: Verb = {
  name: NAME,
  summary: "Sign an in-toto Statement: one from a file, as it is, or one made around a predicate.",
  options: {
    statement: { value: "FILE", help: "the statement; its bytes are signed as they are" },
    predicate: { value: "FILE", help: "instead: the predicate, a JSON document" },
    type: { value: "URI", help: "with --predicate: its type" },
    ...SUBJECT_OPTIONS,
    ...SIGNING_OPTIONS,
  },
  examples: [
    "sallyport attest sign --statement statement.json --out review.bundle.json --token-file token",
    "sallyport attest sign --predicate tests.json --type https://in-toto.io/attestation/test-result/v0.1 \\",
    "  --module module.wasm --manifest manifest.json --out tests.dsse.json --key qa.pem --dsse",
  ],
  run: (args, io) => signAndWrite(statementOf(args), NAME, args, io),
};

function statementOf(args: Args): Uint8Array {
  const [whole, file, predicateType] = [args.maybe("statement"), args.maybe("predicate"), args.maybe("type")];
  if ((whole === undefined) === (file === undefined)) {
    throw usageFault(`${NAME}: give --statement FILE, or --predicate FILE with --type URI`);
  }
  if (whole !== undefined) {
    const extra = ["type", "module", "manifest"].find((name) => args.maybe(name) !== undefined);
    if (extra === undefined && args.list("subject").length === 0) return readFile(whole, PREDICATE_BYTES_MAX);
    throw usageFault(
      `${NAME}: a statement says itself what it is about; --${extra ?? "subject"} goes with --predicate`,
    );
  }
  if (predicateType === undefined || !/^[a-z][a-z0-9+.-]*:[\x21-\x7e]{1,490}$/i.test(predicateType)) {
    throw usageFault(`${NAME}: --type is the URI of the predicate's type`);
  }
  const predicate = parsePredicate(readFile(file ?? "", PREDICATE_BYTES_MAX), "the predicate");
  return inTotoStatement({ subjects: subjectsOf(args, NAME), predicateType, predicate });
}
