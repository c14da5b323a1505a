/**
 * `portico remove`: prints everything that a stage has in the cloud, asks for a confirmation where the stage is not
 * local or is protected, and deletes it.
 */
import type { Deployed, StoredData } from "../../../deploy/platform.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import { asksThroughFunction } from "../app-databases.ts";
import type { CommandInput } from "../command.ts";
import { confirm, confirmByName } from "../confirmation.ts";
import { UserError } from "../../model/user-error.ts";
import { type OpenedSchema, openSchema } from "../open-schema.ts";
import { dropPreview } from "../preview-database.ts";
import { stagePreviews, type StagePreview } from "../preview-stage.ts";
import { secretStore } from "../secret-store.ts";
import { explainErrors, openStageCloud, type StageCloud, type TargetCloud } from "../stage-cloud.ts";

/** Removes the stage from each of its clouds. Running the command again continues an interrupted removal. */
export async function remove(input: CommandInput): Promise<number> {
  const stage = await openStageCloud(input);
  try {
    // Before the secret of its URL goes.
    const previews = await previewsOf(stage, input);
    const opened = await openReaders(stage, input);
    let isConfirmed = false;
    try {
      // The function through which databases are asked goes with Lambda's others.
      const isThrough = opened !== undefined && asksThroughFunction(stage);
      const clouds = isThrough ? stage.clouds.toSorted(lambdaLast) : stage.clouds;
      for (const cloud of clouds) {
        const forget = async (): Promise<void> =>
          opened
            ?.schema(() => cloud.target)
            .forget(cloud.platform())
            .catch((error: Error) => warnOfReaders(stage, error, input));
        const isLast = isThrough && cloud.target === "lambda";
        isConfirmed = (await removeFrom(cloud, stage, input, isLast ? forget : undefined)) || isConfirmed;
        if (!isLast) await forget();
      }
    } finally {
      await opened?.close();
    }
    // A run before this one may have removed all but the databases.
    if (previews.length && !isConfirmed) await confirm(input, `Drop ${previews.map(({ name }) => name).join(", ")}?`);
    for (const preview of previews) await dropDatabase(preview, input);
    return 0;
  } finally {
    await stage.close();
  }
}

/** The databases that the stage has for itself; told before anything is asked. */
async function previewsOf(stage: StageCloud, { reporter }: Input): Promise<readonly StagePreview[]> {
  try {
    const previews = [...(await stagePreviews(stage)).values()].filter(
      ({ state }) => state === "ours" || state === "empty",
    );
    for (const { name } of previews)
      reporter.line(reporter.paint("red", `- ${"database".padEnd(10)}  ${name}, with its data`));
    return previews;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    reporter.warn(`${error.message}; a database of the stage stays where it is: run this again. ${error.fix}`);
    return [];
  }
}

/** After its releases, of which some may have been asked for until then. */
async function dropDatabase(preview: StagePreview, { reporter }: Input): Promise<void> {
  if (!(await dropPreview(preview))) return;
  reporter.result(reporter.paint("red", `- database ${preview.name}`), {
    type: "database-dropped",
    name: preview.name,
  });
}

const lambdaLast = (one: TargetCloud, other: TargetCloud): number =>
  Number(one.target === "lambda") - Number(other.target === "lambda");

/** A database that is gone already, or cannot be reached, does not hold up a removal. */
async function openReaders(stage: StageCloud, input: Input): Promise<OpenedSchema | undefined> {
  try {
    return await openSchema(stage, input.reporter);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    warnOfReaders(stage, error, input);
    return undefined;
  }
}

function warnOfReaders({ app, clouds }: StageCloud, { message }: Error, { reporter }: Input): void {
  const { name, stage } = app;
  const forget = clouds.map(({ target }) => `portico migrate forget ${name} ${stage} ${target} --stage ${stage}`);
  reporter.warn(
    `${message}; where it is still there, files that take something away wait for this stage until ` +
      forget.join(" and "),
  );
}

type Stage = Pick<StageCloud, "app" | "owner" | "isLocal">;
type Input = Pick<CommandInput, "flags" | "reporter">;

/** True where anything was removed, which was confirmed. */
async function removeFrom(
  cloud: TargetCloud,
  stage: Stage,
  input: Input,
  lastCall: (() => Promise<void>) | undefined,
): Promise<boolean> {
  const { reporter } = input;
  const { app } = stage;
  // A stage that hosting.json does not name is temporary, as one per pull request is: it leaves nothing behind.
  const withData = input.flags["data"] === true || !app.named;
  const { removed, kept } = await explainErrors(cloud, async () => {
    const secrets = (await secretStore(cloud, stage).list()).map(({ name }) => name);
    return removeStage({
      platform: cloud.platform(),
      secrets,
      withData,
      ...(lastCall && { lastCall }),
      onPlan: (deployed, data) => confirmRemoval({ deployed, data, withData, secrets }, cloud, stage, input),
    });
  });
  for (const { kind, name } of removed) reporter.line(cloud.prefix + reporter.paint("red", `- ${kind} ${name}`));
  const text = removed.length
    ? `removed ${app.name} from the stage ${app.stage}`
    : `the stage ${app.stage} has nothing of ${app.name}`;
  for (const one of kept)
    reporter.line(
      `${cloud.prefix}the ${one.kind} ${one.name} stays with its data (${entriesText(one)}): portico remove --data ` +
        `--stage ${app.stage} removes it, too`,
    );
  reporter.result(cloud.prefix + text, { type: "removed", target: cloud.target, removed, kept });
  return removed.length > 0;
}

/** `1,204 entries`, `1 message`. */
function entriesText({ kind, entries, isMore }: StoredData): string {
  const words = { bucket: ["file", "files"], queue: ["message", "messages"], table: ["entry", "entries"] } as const;
  const [one, many] = words[kind];
  return `${isMore ? "more than " : ""}${entries.toLocaleString("en-US")} ${entries === 1 ? one : many}`;
}

interface Removal {
  readonly deployed: Deployed;
  /** What holds data. */
  readonly data: readonly StoredData[];
  /** Whether it goes. */
  readonly withData: boolean;
  readonly secrets: readonly string[];
}

async function confirmRemoval(
  { deployed: { parts, releases, live }, data, withData, secrets }: Removal,
  { target, prefix }: TargetCloud,
  { app, isLocal }: Pick<StageCloud, "app" | "isLocal">,
  input: Input,
): Promise<void> {
  const { reporter } = input;
  const holding = new Set(["permission", "bucket", "table", ...data.map(({ kind, name }) => `${kind} ${name}`)]);
  const shown = parts.filter(({ kind, name }) => !holding.has(kind) && !holding.has(`${kind} ${name}`));
  const unlisted = secrets.filter((secret) => !shown.some(({ kind, name }) => kind === "secret" && name === secret));
  const removals = [...shown, ...unlisted.map((name) => ({ kind: "secret", name }))];
  for (const { kind, name } of removals) reporter.line(prefix + reporter.paint("red", `- ${kind.padEnd(10)}  ${name}`));
  if (releases.length)
    reporter.line(
      prefix +
        reporter.paint("red", `- releases    ${releases.map(({ number }) => number).join(", ")}, with their records`),
    );
  for (const one of withData ? data : [])
    reporter.line(
      prefix + reporter.paint("red", `- ${one.kind.padEnd(10)}  ${one.name}, with its data: ${entriesText(one)}`),
    );
  if (withData && data.length > 0 && isLocal && target === "workers")
    reporter.line(`${prefix}portico dev --target workers has the same data, which go with it`);
  if (live) reporter.line(`\n${prefix}${live.url} will not answer any more; this cannot be undone`);
  if (app.protected) await confirmByName(input, app.stage);
  else if (!isLocal)
    await confirm(input, `Remove ${app.name} from the stage ${app.stage}${prefix && ` on ${target}`}?`);
}
