/**
 * What a build service says of the build it runs, from the variables that it documents: GitHub Actions and GitLab CI.
 * Nothing else of the environment is looked at. It is a claim like any other in a statement; that the right service
 * made it is what the signer's certificate shows.
 */
import { usageFault } from "./verb.ts";

export interface BuildFacts {
  readonly service: "GitHub Actions" | "GitLab CI";
  readonly builderId: string;
  /** `git+https://…@refs/…` (SPDX download location); policies name it with or without the ref. */
  readonly sourceUri: string;
  /** Lower-case hex, SHA-1 or SHA-256. */
  readonly commit: string;
  readonly invocationId: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const VALUE_CHARS_MAX = 500;
const COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const PLAIN = /^[\x21-\x7e]+$/;
/** What git allows in names, and nothing that a URI would split at. */
const NAME = /^[\w./+-]+$/;
const REF = /^refs\/[\w./+-]+$/;
const NUMBER = /^\d{1,20}$/;

/** Throws a usage fault where no service is recognised or one of its variables is missing or not of its form. */
export function buildFacts(env: Environment): BuildFacts {
  const read = (name: string, form: RegExp) => {
    const value = env[name];
    if (value !== undefined && value.length <= VALUE_CHARS_MAX && form.test(value)) return value;
    throw usageFault(
      `--from-env: the variable ${name} ${value === undefined ? "is not set" : "is not what it should be"}`,
    );
  };
  const address = (name: string) => {
    const value = read(name, PLAIN);
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const isPlain = url !== undefined && url.username === "" && url.password === "" && url.search === "";
    if (isPlain && (url.protocol === "https:" || url.protocol === "http:")) return value.replace(/\/+$/, "");
    throw usageFault(`--from-env: the variable ${name} is not an http(s) address`);
  };
  if (env["GITHUB_ACTIONS"] === "true") return github(read, address);
  if (env["GITLAB_CI"] === "true") return gitlab(read, address, env["CI_COMMIT_TAG"] !== undefined);
  throw usageFault("--from-env: neither GITHUB_ACTIONS nor GITLAB_CI is true; give --builder, --source and --commit");
}

type Read = (name: string, form: RegExp) => string;
type Address = (name: string) => string;

/** https://docs.github.com/actions/reference/workflows-and-actions/variables */
function github(read: Read, address: Address): BuildFacts {
  const server = address("GITHUB_SERVER_URL");
  const repository = read("GITHUB_REPOSITORY", /^[\w.-]+\/[\w.-]+$/);
  const run = `${read("GITHUB_RUN_ID", NUMBER)}/attempts/${read("GITHUB_RUN_ATTEMPT", NUMBER)}`;
  return {
    service: "GitHub Actions",
    // As GitHub's own attestations name it: the workflow file and the ref it is from.
    builderId: `${server}/${read("GITHUB_WORKFLOW_REF", PLAIN)}`,
    sourceUri: `git+${server}/${repository}@${read("GITHUB_REF", REF)}`,
    commit: read("GITHUB_SHA", COMMIT),
    invocationId: `${server}/${repository}/actions/runs/${run}`,
  };
}

/** https://docs.gitlab.com/ci/variables/predefined_variables */
function gitlab(read: Read, address: Address, isTag: boolean): BuildFacts {
  const project = address("CI_PROJECT_URL");
  const ref = isTag ? `tags/${read("CI_COMMIT_TAG", NAME)}` : `heads/${read("CI_COMMIT_REF_NAME", NAME)}`;
  return {
    service: "GitLab CI",
    // As GitLab's own provenance names it.
    builderId: `${project}/-/runners/${read("CI_RUNNER_ID", NUMBER)}`,
    sourceUri: `git+${project}@refs/${ref}`,
    commit: read("CI_COMMIT_SHA", COMMIT),
    invocationId: address("CI_JOB_URL"),
  };
}
