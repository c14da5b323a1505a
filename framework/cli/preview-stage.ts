/** What a temporary stage takes from the stage `preview`: its secrets, and a database of its own on that server. */
import { hasName } from "../../deploy/lambda/aws-error.ts";
import { listSecrets, readSecrets, setSecret } from "../../deploy/lambda/secrets.ts";
import { listSecrets as listWorkerSecrets } from "../../deploy/workers/secrets.ts";
import { requireDatabaseUrl } from "../model/database-url.ts";
import { UserError } from "../model/user-error.ts";
import { givenUrl } from "./given-url.ts";
import {
  ensurePreview,
  findPreview,
  type PreviewDatabase,
  previewName,
  type PreviewState,
  withDatabase,
} from "./preview-database.ts";
import type { Reporter } from "./reporter.ts";
import { secretStore } from "./secret-store.ts";
import type { LambdaCloud, StageCloud, TargetCloud } from "./stage-cloud.ts";

type Stage = Pick<StageCloud, "app" | "owner" | "clouds" | "isLocal">;

/** The stage whose secrets temporary ones take where they have none. */
export const baseStage = "preview";

/** A stage that hosting.json does not name, as one per pull request is. */
export const isTemporary = ({ app, isLocal }: Pick<StageCloud, "app" | "isLocal">): boolean =>
  !isLocal && !app.named && app.stage !== baseStage;

/** One that the stage has or gets. */
export interface StagePreview extends PreviewDatabase {
  /** The secret of its URL. */
  readonly secret: string;
  readonly state: PreviewState;
}

const lambdaOf = ({ clouds }: Pick<StageCloud, "clouds">): LambdaCloud | undefined =>
  clouds.find((cloud) => cloud.target === "lambda");

/** Of secrets of a stage on AWS, those that have a value. */
async function valuesAt(
  { aws }: LambdaCloud,
  { app, owner }: Pick<Stage, "app" | "owner">,
  stage: string,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const at = { ...owner, stage };
  const listed = listSecrets(aws.clients, at).catch((error: unknown) => {
    // A role that may read its own stage alone has no base.
    if (stage === baseStage && hasName(error, "AccessDeniedException")) return [];
    throw error;
  });
  const stored = new Set((await listed).map(({ name }) => name));
  const secrets = names.filter((name) => stored.has(name));
  return secrets.length ? (await readSecrets(aws.clients, at, { ...app, stage, secrets })).values : {};
}

/**
 * By database; none where the stage is named, or has a URL of its own. PORTICO_MIGRATE_URL stands for the server here.
 * Throws UserError PREVIEW_URL_MISSING, DATABASE_URL, NAME_TOO_LONG, DATABASE_UNREACHABLE.
 */
export async function stagePreviews(stage: Stage): Promise<ReadonlyMap<string, StagePreview>> {
  const { app, owner } = stage;
  const wanted = Object.entries(app.databases ?? {}).filter(([, { preview }]) => preview !== undefined);
  if (!isTemporary(stage) || !wanted.length) return new Map();
  const lambda = lambdaOf(stage);
  const names = wanted.map(([, { url }]) => url);
  const [own, bases, stored] = await Promise.all([
    lambda ? valuesAt(lambda, stage, owner.stage, names) : {},
    lambda ? valuesAt(lambda, stage, baseStage, names) : {},
    storedOnWorkers(stage),
  ]);
  const found = new Map<string, StagePreview>();
  for (const [database, { url: secret }] of wanted) {
    const name = previewName(owner, database);
    const ownUrl = (own as Readonly<Record<string, string>>)[secret];
    if (ownUrl !== undefined && URL.canParse(ownUrl) && new URL(ownUrl).pathname !== `/${name}`) continue;
    const baseUrl = (bases as Readonly<Record<string, string>>)[secret];
    const serverUrl = givenUrl(app, database) ?? baseUrl ?? missing(stage, database, secret);
    for (const url of [serverUrl, baseUrl ?? serverUrl]) requireDatabaseUrl(database, url);
    const appUrl = withDatabase(baseUrl ?? serverUrl, name);
    const preview = { owner, database, name, serverUrl, appUrl, packageFolder: app.root };
    const state = await findPreview(preview);
    // Cloudflare does not say whether its URL is that of a database of ours.
    if ((state === "missing" || state === "taken") && stored.has(secret)) continue;
    found.set(database, { ...preview, secret, state });
  }
  return found;
}

function missing({ app, clouds }: Stage, database: string, secret: string): never {
  const isAws = clouds.some(({ target }) => target === "lambda");
  const set = isAws ? `Run portico secret set ${secret}=postgres://… --stage ${baseStage}, or set` : "Set";
  throw new UserError(
    "PREVIEW_URL_MISSING",
    `the stage ${app.stage} has a database ${database} of its own, and the server's URL is not known`,
    `${set} PORTICO_MIGRATE_URL=postgres://… to a database of that server, by a user who may create others.`,
  );
}

async function storedOnWorkers({ clouds, owner }: Stage): Promise<ReadonlySet<string>> {
  const workers = clouds.find((cloud) => cloud.target === "workers");
  if (!workers) return new Set();
  return new Set((await listWorkerSecrets(workers.cloudflare.client, owner)).map(({ name }) => name));
}

/**
 * Secrets that the stage lacks and a deploy gives it: on AWS those of `preview`, on both clouds the URLs of its own
 * databases.
 */
export async function comingSecrets(
  cloud: TargetCloud,
  stage: Stage,
  known?: ReadonlyMap<string, StagePreview>,
): Promise<ReadonlyMap<string, string>> {
  if (!isTemporary(stage) || !stage.app.secrets.length) return new Map();
  const stored = new Set((await secretStore(cloud, stage).list()).map(({ name }) => name));
  const lacking = stage.app.secrets.filter((name) => !stored.has(name));
  if (!lacking.length) return new Map();
  const previews = known ?? (await stagePreviews(stage));
  const urls = [...previews.values()].map(({ secret, appUrl }) => [secret, appUrl] as const);
  const taken = cloud.target === "lambda" ? await valuesAt(cloud, stage, baseStage, lacking) : {};
  return new Map([...Object.entries(taken), ...urls].filter(([name]) => lacking.includes(name)));
}

/**
 * Makes what the stage lacks before a deploy looks at it: databases, then the secrets. Repeating it changes nothing.
 * Throws UserError DATABASE_TAKEN, PREVIEW_RIGHTS, and those of `stagePreviews`.
 */
export async function preparePreview(stage: Stage, reporter: Pick<Reporter, "line">): Promise<void> {
  if (!isTemporary(stage)) return;
  const previews = await stagePreviews(stage);
  for (const preview of previews.values())
    if (await ensurePreview(preview))
      reporter.line(`made the database ${preview.name} for the stage ${stage.app.stage}`);
  for (const cloud of stage.clouds) {
    const coming = await comingSecrets(cloud, stage, previews);
    if (!coming.size) continue;
    await secretStore(cloud, stage).set(coming);
    const urls = new Set([...previews.values()].map(({ secret }) => secret));
    for (const name of coming.keys()) {
      const origin = urls.has(name) ? "the URL of its own database" : `as ${baseStage} has it`;
      reporter.line(`${cloud.prefix}set ${name} at ${stage.app.stage}, ${origin}`);
    }
  }
  const lambda = lambdaOf(stage);
  if (lambda) await renewUrls(lambda, stage, previews);
}

/** The password of `preview` was rotated: the URLs follow it. */
async function renewUrls(
  lambda: LambdaCloud,
  stage: Stage,
  previews: ReadonlyMap<string, StagePreview>,
): Promise<void> {
  const all = [...previews.values()];
  const own = await valuesAt(
    lambda,
    stage,
    stage.owner.stage,
    all.map(({ secret }) => secret),
  );
  for (const { secret, appUrl } of all)
    if (own[secret] !== appUrl) await setSecret(lambda.aws.clients, stage.owner, secret, appUrl);
}
