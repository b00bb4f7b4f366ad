/**
 * A signer that is a program: an HSM's tool, a KMS client, a script around a token. It gets the bytes on its standard
 * input and answers on its standard output, without a shell, within a time limit and a bound on what it may say, and
 * what it answers counts only when the public key that its description names verifies it.
 * Two protocols: `raw` (payload in, signature out, bytes) and `json` (one object each way, base64 inside).
 */
import { spawn } from "node:child_process";
import { isAbsolute, resolve } from "node:path";
import { assert } from "../../runtime/kernel/assert.ts";
import { base64, concatBytes, fromBase64, utf8 } from "../../runtime/kernel/bytes.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { array, type Infer, integer, object, oneOf, optional, parseJson, string } from "../../runtime/kernel/shape.ts";
import { fault } from "./faults.ts";
import { parseRolePublicKey, type RoleKey, type RolePublicKey } from "./tuf-key.ts";

const DESCRIPTION_BYTES_MAX = 32_768;
const ANSWER_BYTES_MAX = 16_384;
const COMPLAINT_BYTES_MAX = 2_048;

/** A description of such a signer: a file beside the keys. */
export const signerShape = object({
  schema: oneOf("sallyport.signer/1"),
  /** A path (relative ones from the description's directory) or a name that PATH knows. */
  program: string({ min: 1, max: 1_000 }),
  args: array(string({ max: 1_000 }), { max: 32 }),
  protocol: oneOf("json", "raw"),
  /** PEM, SubjectPublicKeyInfo. */
  publicKey: string({ max: 4_000 }),
  /** How long one signature may take; a person may have to touch the token. */
  timeoutS: optional(integer({ min: 1, max: 600 })),
});
type Description = Infer<typeof signerShape>;

const answerShape = object({ signature: string({ max: 4_000 }) });

export function parseSignerDescription(bytes: Uint8Array, what: string): Result<Description> {
  return parseJson(signerShape, bytes, what, DESCRIPTION_BYTES_MAX);
}

/** The key behind a description that lies in `directory`. Nothing is run until something is signed. */
export function execSigner(description: Description, directory: string, what: string): Result<RoleKey> {
  const half = parseRolePublicKey(description.publicKey, what);
  if (!half.ok) return half;
  const { key, spkiId, pem } = half.value;
  const sign = async (bytes: Uint8Array) => {
    const signature = unwrap(await signature_(description, directory, half.value, bytes));
    if (!half.value.verify(bytes, signature)) {
      throw fault("REPO_SIGNER", { program: description.program, reason: "its signature does not verify" });
    }
    return signature;
  };
  return ok({ key, signer: { keyId: spkiId, publicPem: pem, sign } });
}

async function signature_(
  description: Description,
  directory: string,
  half: RolePublicKey,
  payload: Uint8Array,
): Promise<Result<Uint8Array>> {
  const { protocol, program } = description;
  if (protocol === "raw") return run(description, directory, payload);
  const { keyID: keyId, scheme } = half.key;
  const request = { schema: "sallyport.sign/1", keyId, scheme, payload: base64(payload) };
  const answer = await run(description, directory, utf8(`${JSON.stringify(request)}\n`));
  if (!answer.ok) return answer;
  const parsed = parseJson(answerShape, answer.value, "the signer's answer", ANSWER_BYTES_MAX);
  if (!parsed.ok) return err(fault("REPO_SIGNER", { program, reason: reasonOf(parsed.error) }, parsed.error));
  const signature = fromBase64(parsed.value.signature);
  if (signature === undefined) return err(fault("REPO_SIGNER", { program, reason: "its signature is not base64" }));
  return ok(signature);
}

function run(description: Description, directory: string, input: Uint8Array): Promise<Result<Uint8Array>> {
  const { program, args, timeoutS = 60 } = description;
  const file = program.includes("/") && !isAbsolute(program) ? resolve(directory, program) : program;
  // A token's PIN may be in the environment; the passphrase there is of other keys.
  const { SALLYPORT_PASSPHRASE: _, ...env } = process.env;
  return new Promise((settle) => {
    const child = spawn(file, [...args], { cwd: directory, env, stdio: ["pipe", "pipe", "pipe"], shell: false });
    const { stdin, stdout, stderr } = child;
    assert(stdin !== null && stdout !== null && stderr !== null, "the child has three pipes");
    const said: Uint8Array[] = [];
    let size = 0;
    let complaint = "";
    let failure: string | undefined;
    const stop = (reason: string) => {
      failure ??= reason;
      child.kill("SIGKILL");
      // A grandchild may hold the pipes open: what it does there is no longer waited for.
      for (const pipe of [stdin, stdout, stderr]) pipe.destroy();
    };
    const timer = setTimeout(() => stop(`no answer within ${timeoutS} s`), timeoutS * 1000);
    stdout.on("data", (chunk: Uint8Array) => {
      size += chunk.byteLength;
      if (size > ANSWER_BYTES_MAX) stop(`more than ${ANSWER_BYTES_MAX} bytes of answer`);
      else said.push(chunk);
    });
    stderr.on("data", (chunk: Buffer) => {
      if (complaint.length < COMPLAINT_BYTES_MAX) complaint += chunk.toString("utf8").slice(0, COMPLAINT_BYTES_MAX);
    });
    // A program that does not read its input ends with EPIPE here; its exit says the rest.
    stdin.on("error", () => {});
    child.on("error", (error) => stop(reasonOf(error)));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code !== 0)
        failure ??= [`ended with ${signal ?? `status ${code}`}`, complaint.trim()].filter(Boolean).join(": ");
      settle(
        failure === undefined ? ok(concatBytes(...said)) : err(fault("REPO_SIGNER", { program, reason: failure })),
      );
    });
    stdin.end(input);
  });
}
