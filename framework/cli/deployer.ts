/** Who deploys, for the record of a release: the caller of AWS, else a CI job's actor, git's author, or the user. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { localUser } from "./local-user.ts";
import type { TargetCloud } from "./stage-cloud.ts";

/** Variables by which CI systems name the person that began a job. */
const actors = ["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BITBUCKET_STEP_TRIGGERER_UUID", "CIRCLE_USERNAME"];

/** Characters: a record on Workers has 5 KB in all. */
const longest = 200;

/**
 * An ARN of the real AWS; `ann@example.com`; `ann@laptop`. Cloudflare's API names the user of a token only to tokens
 * that may read users, which a release need not.
 */
export async function deployer(
  {
    clouds,
    isLocal,
    app,
  }: { readonly clouds: readonly TargetCloud[]; readonly isLocal: boolean; readonly app: { readonly root: string } },
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const callers = clouds.flatMap((cloud) => (cloud.target === "lambda" && !isLocal ? cloud.aws.caller : []));
  const actor = actors.map((name) => env[name]).find(Boolean);
  return (callers[0] ?? actor ?? (await gitEmail(app.root)) ?? localUser()).slice(0, longest);
}

async function gitEmail(folder: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("git", ["-C", folder, "config", "user.email"]);
    return stdout.trim() || undefined;
  } catch {
    // No git, or no such setting.
    return undefined;
  }
}
