/** What development built of a function, kept for the next start: its question and its build in; the build out where all that it hung on is as it was. */
import { join } from "node:path";
import { type Metafile, version } from "esbuild";
import type { DevOptions } from "./dev-options.ts";
import { createEvidence } from "./evidence.ts";
import type { FunctionPlan } from "./group.ts";
import { type BuildQuestion, recall, remember } from "./last-build.ts";

/** A build on disk. */
export interface DevBuild {
  /** Absolute path of its folder. */
  readonly directory: string;
  /** The text that it was linked from. */
  readonly entry: string;
  /** What it read, by the names in its metafile. */
  readonly inputs: readonly string[];
}

function questionOf({ app, target, env, out }: DevOptions, plan: FunctionPlan): BuildQuestion {
  const given = JSON.stringify([version, process.version, process.platform, "development", app, target, plan, env]);
  return { file: join(app.root, ".portico/cache/dev", target, `${plan.id}.json`), given, out: join(out, plan.id) };
}

/** Undefined when anything is not as it was. */
export function recallFunction(options: DevOptions, plan: FunctionPlan): DevBuild | undefined {
  const known = recall(questionOf(options, plan));
  const { entry, inputs } = (known?.more ?? {}) as { readonly entry?: unknown; readonly inputs?: unknown };
  if (!known || typeof entry !== "string" || !Array.isArray(inputs) || !inputs.every((key) => typeof key === "string")) return undefined;
  return { directory: known.out, entry, inputs };
}

/** @param built what was read and written, and when it began (milliseconds of the clock) */
export function rememberFunction(
  options: DevOptions,
  plan: FunctionPlan,
  built: DevBuild & { readonly metafile: Metafile; readonly names: Iterable<string>; readonly started: number },
): void {
  const evidence = createEvidence(options.app.root);
  evidence.add(built.metafile);
  const end = evidence.end();
  const { directory, entry, inputs, names, started } = built;
  if (end) remember({ ...questionOf(options, plan), out: directory }, end, { names, started, warnings: [], more: { entry, inputs } });
}
