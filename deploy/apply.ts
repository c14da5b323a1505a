/** Runs a plan: its changes in, the live release out; what it does is told on the way. */
import type { SmokeCheck } from "../framework/model/app.ts";
import { inParallel } from "./parallel.ts";
import type { Plan } from "./plan.ts";
import type { Deployed, Draft, FunctionDraft, Live, Platform, Release, Removed, Version } from "./platform.ts";
import { runSmoke, smokeError } from "./smoke.ts";

/** A step that is done. */
export type Progress =
  | { readonly step: "upload"; readonly version: Version; readonly done: number; readonly total: number }
  | { readonly step: "assemble"; readonly release: number }
  | { readonly step: "smoke"; readonly checks: number }
  | { readonly step: "promote"; readonly live: Live }
  | { readonly step: "collect"; readonly removed: readonly Removed[] };

/** What applying needs. */
export interface Application<F extends FunctionDraft> {
  readonly platform: Platform<F>;
  readonly draft: Draft<F>;
  readonly deployed: Deployed;
  readonly plan: Plan;
  readonly smoke: readonly SmokeCheck[];
  /** How many releases stay ready for rollback, the live one included. */
  readonly keep: number;
  readonly onProgress: (progress: Progress) => void;
}

// Lambda's control plane takes 15 calls a second; more at once only wait (facts/aws.md section 1.3).
const uploadsAtOnce = 8;

/** Throws UserError SMOKE_FAILED with the live release untouched; whatever else it throws, running it again goes on from there. */
export async function applyPlan<F extends FunctionDraft>(application: Application<F>): Promise<Live> {
  const { platform, plan, deployed, keep, onProgress } = application;
  const release = plan.changes.find(({ kind }) => kind === "release");
  const live = release?.action === "keep" ? deployed.live : await makeLive(application, release?.action === "update");
  if (!live) throw new Error("a plan that keeps the live release needs one");
  const others = deployed.releases.filter(({ number }) => number !== live.number);
  const kept: readonly Release[] = [live, ...others.toReversed().slice(0, keep - 1)];
  onProgress({ step: "collect", removed: await platform.collect(kept) });
  return live;
}

async function makeLive<F extends FunctionDraft>(application: Application<F>, isAssembled: boolean): Promise<Live> {
  const { platform, draft, deployed, plan, smoke, onProgress } = application;
  const versions = await uploadAll(application);
  const assembled = isAssembled ? deployed.releases.at(-1) : undefined;
  const candidate = await platform.assemble({ draft, number: plan.release, versions, ...(assembled && { assembled }) });
  onProgress({ step: "assemble", release: candidate.number });
  const failure = await runSmoke(candidate.url, smoke);
  if (failure) {
    await platform.collect([...deployed.releases, candidate]);
    throw smokeError(failure, candidate.number, deployed.live?.number);
  }
  onProgress({ step: "smoke", checks: smoke.length });
  const live = await platform.promote(candidate);
  onProgress({ step: "promote", live });
  return live;
}

/** Uploads what the plan changes; the others keep the version they have. */
async function uploadAll<F extends FunctionDraft>(application: Application<F>): Promise<ReadonlyMap<string, Version>> {
  const { platform, draft, deployed, plan, onProgress } = application;
  const kept = new Set(plan.changes.filter(({ kind, action }) => kind === "function" && action === "keep").map(({ name }) => name));
  const there = deployed.parts.flatMap(({ kind, version }) =>
    kind === "function" && version && kept.has(version.function) ? [version] : [],
  );
  const versions = new Map(there.map((version) => [version.function, version]));
  const missing = draft.functions.filter(({ id }) => !versions.has(id));
  let done = 0;
  await inParallel(missing, uploadsAtOnce, async (fn) => {
    const version = await platform.upload(fn);
    versions.set(fn.id, version);
    done += 1;
    onProgress({ step: "upload", version, done, total: missing.length });
  });
  return versions;
}
