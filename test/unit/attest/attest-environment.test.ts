/** What a build service's variables say of a build: read where it is documented, refused where it is not of its form. */
import { describe, expect, it } from "vitest";
import { buildFacts } from "../../../agent/cli/ci-environment.ts";

const COMMIT = "5f0d7fe2a5c1e6d7a4b1f0f2c34d3a5b6c7d8e9f";
const GITHUB = {
  GITHUB_ACTIONS: "true",
  GITHUB_SERVER_URL: "https://github.example/",
  GITHUB_REPOSITORY: "acme/app",
  GITHUB_WORKFLOW_REF: "acme/app/.github/workflows/release.yml@refs/heads/main",
  GITHUB_REF: "refs/heads/main",
  GITHUB_SHA: COMMIT,
  GITHUB_RUN_ID: "77",
  GITHUB_RUN_ATTEMPT: "1",
};
const GITLAB = {
  GITLAB_CI: "true",
  CI_PROJECT_URL: "https://gitlab.example/group/sub/app",
  CI_RUNNER_ID: "12",
  CI_COMMIT_SHA: COMMIT,
  CI_COMMIT_REF_NAME: "feature/x",
  CI_JOB_URL: "https://gitlab.example/group/sub/app/-/jobs/99",
};

describe("a build's environment", () => {
  it("of GitHub Actions names workflow, repository with ref, commit and attempt", () => {
    expect(buildFacts(GITHUB)).toEqual({
      service: "GitHub Actions",
      builderId: "https://github.example/acme/app/.github/workflows/release.yml@refs/heads/main",
      sourceUri: "git+https://github.example/acme/app@refs/heads/main",
      commit: COMMIT,
      invocationId: "https://github.example/acme/app/actions/runs/77/attempts/1",
    });
  });

  it("of GitLab CI names runner, project with ref, commit and job", () => {
    expect(buildFacts(GITLAB)).toEqual({
      service: "GitLab CI",
      builderId: "https://gitlab.example/group/sub/app/-/runners/12",
      sourceUri: "git+https://gitlab.example/group/sub/app@refs/heads/feature/x",
      commit: COMMIT,
      invocationId: "https://gitlab.example/group/sub/app/-/jobs/99",
    });
    const tagged = buildFacts({ ...GITLAB, CI_COMMIT_TAG: "v1.0.0", CI_COMMIT_REF_NAME: "v1.0.0" });
    expect(tagged.sourceUri).toBe("git+https://gitlab.example/group/sub/app@refs/tags/v1.0.0");
  });

  it("of neither is refused, with what to give instead", () => {
    expect(() => buildFacts({ CI: "true" })).toThrow("give --builder, --source and --commit");
    expect(() => buildFacts({ ...GITHUB, GITHUB_ACTIONS: "1" })).toThrow("neither GITHUB_ACTIONS nor GITLAB_CI");
  });

  it.each(Object.keys(GITHUB).slice(1))("without %s is refused", (name) => {
    expect(() => buildFacts({ ...GITHUB, [name]: undefined })).toThrow(`the variable ${name}`);
  });

  it.each([
    ["GITHUB_SERVER_URL", "github.example"],
    ["GITHUB_SERVER_URL", "https://user:secret@github.example"],
    ["GITHUB_SERVER_URL", "ftp://github.example"],
    ["GITHUB_REPOSITORY", "acme/app@refs/tags/v1"],
    ["GITHUB_REPOSITORY", "acme"],
    ["GITHUB_WORKFLOW_REF", "a b"],
    ["GITHUB_REF", "main"],
    ["GITHUB_REF", "refs/heads/main@refs/tags/v1"],
    ["GITHUB_REF", "refs/heads/x?y"],
    ["GITHUB_SHA", "HEAD"],
    ["GITHUB_SHA", COMMIT.toUpperCase()],
    ["GITHUB_RUN_ID", "77/../78"],
    ["GITHUB_WORKFLOW_REF", "x".repeat(501)],
  ])("with %s=%s is refused", (name, value) => {
    expect(() => buildFacts({ ...GITHUB, [name]: value })).toThrow(`the variable ${name}`);
  });
});
