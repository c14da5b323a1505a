/** The road of a release: observe, plan, stop when there is nothing to do, apply. A platform and a draft in, what became of it out. */
import type { App } from "../framework/model/app.ts";
import { UserError } from "../framework/model/user-error.ts";
import { applyPlan, type Progress } from "./apply.ts";
import { isDone, type Plan, planRelease } from "./plan.ts";
import type { Deployed, Draft, FunctionDraft, Live, Platform } from "./platform.ts";

/** What a release needs. */
export interface Releasing<F extends FunctionDraft> {
  readonly platform: Platform<F>;
  readonly app: Pick<App, "name" | "stage" | "secrets" | "smoke" | "keep">;
  readonly draft: Draft<F>;
  /** Called before anything is changed. */
  readonly onPlan: (plan: Plan) => void;
  readonly onProgress: (progress: Progress) => void;
}

/** What became of it. */
export interface Released {
  readonly live: Live;
  readonly plan: Plan;
  /** False when there was nothing to do: no writing call was made. */
  readonly changed: boolean;
}

/** Throws UserError NAME_TAKEN before any change, SMOKE_FAILED with the live release untouched. */
export async function release<F extends FunctionDraft>({ platform, app, draft, onPlan, onProgress }: Releasing<F>): Promise<Released> {
  const deployed = await platform.observe(app);
  refuseTaken(deployed, draft);
  const plan = planRelease(draft, deployed);
  onPlan(plan);
  if (isDone(plan) && deployed.live) return { live: deployed.live, plan, changed: false };
  const { smoke, keep } = app;
  const live = await applyPlan({ platform, draft, deployed, plan, smoke, keep, onProgress });
  return { live, plan, changed: true };
}

/** API names need not be unique; functions' and roles' must. */
function refuseTaken({ taken }: Deployed, { app, functions, parts }: Draft): void {
  const wanted = new Set([...functions.map(({ name }) => name), ...parts.filter(({ kind }) => kind === "role").map(({ name }) => name)]);
  const names = taken.filter(({ kind, name }) => kind !== "api" && wanted.has(name)).map(({ name }) => name);
  if (!names.length) return;
  throw new UserError(
    "NAME_TAKEN",
    `${names.join(", ")} exists in the account, and its tags do not name this app and stage`,
    `rename the app ("name": "${app}" in hosting.json) or the stage, or remove what has that name yourself`,
  );
}
