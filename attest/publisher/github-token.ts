/**
 * The identity token of a GitHub Actions job, asked from the address that its runner names (docs.github.com, "OpenID
 * Connect reference"). One request, one bounded answer; neither secret enters a message.
 */
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { boundedText } from "./answer.ts";
import { fault } from "./faults.ts";

export interface TokenRequest {
  /** ACTIONS_ID_TOKEN_REQUEST_URL */
  readonly url: string;
  /** ACTIONS_ID_TOKEN_REQUEST_TOKEN */
  readonly bearer: string;
}

const TIMEOUT_MS = 30_000;
const ANSWER_BYTES_MAX = 65_536;
const AUDIENCE = "sigstore";

/** A JWT for `signKeyless`. Throws a Fault ATTEST_SIGN_TOKEN. */
export async function githubToken({ url: address, bearer }: TokenRequest): Promise<string> {
  if (!URL.canParse(address)) throw refuse("the runner's address for tokens is no URL");
  const url = new URL(address);
  url.searchParams.set("audience", AUDIENCE);
  let text: string;
  try {
    const headers = { authorization: `bearer ${bearer}`, accept: "application/json" };
    const answer = await fetch(url, { headers, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`it answered with status ${answer.status}`);
    text = await boundedText(answer, ANSWER_BYTES_MAX);
  } catch (error) {
    throw refuse(`the runner's service at ${url.host} gave none: ${reasonOf(error)}`, error);
  }
  const token = tokenIn(text);
  if (token === undefined) throw refuse(`the answer of the runner's service at ${url.host} holds none`);
  return token;
}

/** What JSON.parse says of a broken answer would quote it. */
function tokenIn(text: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    const value = typeof answer === "object" && answer !== null && "value" in answer ? answer.value : undefined;
    return typeof value === "string" && value !== "" ? value : undefined;
  } catch {
    return undefined;
  }
}

function refuse(reason: string, cause?: unknown) {
  return fault("ATTEST_SIGN_TOKEN", { reason }, cause);
}
