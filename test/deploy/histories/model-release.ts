/** One release of an app with one database to model clouds, told in the words of its plan and in its steps. */
import type { Platform } from "../../../deploy/platform.ts";
import { planText } from "../../../deploy/plan.ts";
import { release } from "../../../deploy/release.ts";
import type { Schema } from "../../../deploy/schema.ts";
import { createSchema } from "../../../framework/cli/release-schema.ts";
import type { MigratedDatabase } from "../../../framework/migrations/migrated-database.ts";
import { type MigrationFile, toMigration } from "../../../framework/migrations/migration-file.ts";
import { type CloudProcess, owner, type ReleasedCode } from "./model-cloud.ts";
import { steppedRun, type SteppedRun } from "./stepped-run.ts";

/** Texts by names without their ends: `0003_drop_nick.contract`. */
export type Files = Readonly<Record<string, string>>;

export const toFiles = (files: Files): readonly MigrationFile[] =>
  Object.entries(files).map(([name, sql]) => toMigration(`${name}.sql`, sql));

/** A model cloud, or another one that is made to look so. */
export interface TargetCloud {
  readonly target: string;
  platform(process: CloudProcess<ReleasedCode>): Platform | Promise<Platform>;
}

/** What is released, and where to. */
export interface ModelRelease {
  readonly clouds: readonly TargetCloud[];
  readonly database: MigratedDatabase;
  readonly files: Files;
  /** Another word is other code. */
  readonly code: string;
  readonly run?: SteppedRun;
  /** Status that the smoke test wants; candidates answer 200. */
  readonly smoke?: number;
  readonly checkpoint?: () => void;
  /** True where the function that asks the database comes with the release. */
  readonly bringsFunction?: () => boolean;
}

/** What a release told. */
export interface ModelOutcome {
  readonly plans: string;
  /** `lambda assemble` for a cloud's, and names of files. */
  readonly steps: readonly string[];
  readonly changed: readonly boolean[];
}

interface ModelSchema extends Pick<ModelRelease, "database" | "files"> {
  readonly targetOf: (platform: Platform) => string;
  readonly onApplied?: (file: string) => void;
}

export const schemaOf = ({ database, files, targetOf, onApplied = () => {} }: ModelSchema): Schema =>
  createSchema({
    owner,
    databases: [{ name: "DB", database, isShared: false, files: toFiles(files) }],
    targetOf,
    onEvent: ({ step, file }) => void (step === "applied" && onApplied(file.name)),
  });

export async function releaseToModels(options: ModelRelease): Promise<ModelOutcome> {
  const { clouds, code, run = steppedRun(), smoke = 200, checkpoint = () => {}, bringsFunction } = options;
  const platforms = await Promise.all(clouds.map(async (cloud) => cloud.platform({ run, code: { hash: code } })));
  const targetOf = (platform: Platform): string => clouds[platforms.indexOf(platform)]!.target;
  const steps: string[] = [];
  const schema = schemaOf({ ...options, targetOf, onApplied: (file) => void steps.push(file) });
  let plans = "";
  const results = await release({
    clouds: platforms,
    schema: {
      ...schema,
      plan: (planned) =>
        schema.plan(
          planned.map((one) => ({
            ...one,
            bringsFunction: (bringsFunction?.() ?? false) && targetOf(one.platform) === "lambda",
          })),
        ),
    },
    smoke: [{ path: "/", status: smoke }],
    keep: 5,
    now: () => 0,
    sleep: async () => undefined,
    onPlans: async (shown) => {
      plans = shown.map(planText).join("\n");
    },
    onProgress: ({ step }, platform) => void steps.push(`${targetOf(platform)} ${step}`),
    checkpoint,
  });
  return { plans, steps, changed: results.map(({ changed }) => changed) };
}
