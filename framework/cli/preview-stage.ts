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
  /** What functions get; undefined where only the migrating user's is known here, who may do more than they. */
  readonly appUrl: string | undefined;
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
    const fromServer = baseUrl ?? (lambda ? undefined : serverUrl);
    const appUrl = fromServer === undefined ? ownUrl : withDatabase(fromServer, name);
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

/** Throws UserError PREVIEW_URL_MISSING. */
function functionsUrl({ secret, appUrl }: StagePreview, { app: { stage } }: Stage): string {
  if (appUrl !== undefined) return appUrl;
  throw new UserError(
    "PREVIEW_URL_MISSING",
    `the functions of the stage ${stage} need a URL, and ${secret} of the stage ${baseStage} is not set, or may not ` +
      "be read here; they do not get PORTICO_MIGRATE_URL, whose user may do more",
    `Run portico secret set ${secret}=postgres://… --stage ${baseStage}, or let who deploys read the secrets of that ` +
      `stage, as the policy of portico doctor --policy --stage ${stage} does.`,
  );
}

async function storedOnWorkers({ clouds, owner }: Stage): Promise<ReadonlySet<string>> {
  const workers = clouds.find((cloud) => cloud.target === "workers");
  if (!workers) return new Set();
  return new Set((await listWorkerSecrets(workers.cloudflare.client, owner)).map(({ name }) => name));
}

/**
 * Secrets that the stage lacks on a cloud and a deploy gives it: those of `preview`, which AWS gives back and
 * Cloudflare does not, and the URLs of its own databases. Throws UserError PREVIEW_URL_MISSING.
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
  const urls = [...previews.values()]
    .filter(({ secret }) => lacking.includes(secret))
    .map((preview) => [preview.secret, functionsUrl(preview, stage)] as const);
  const lambda = lambdaOf(stage);
  const taken = lambda ? await valuesAt(lambda, stage, baseStage, lacking) : {};
  return new Map([...Object.entries(taken), ...urls]);
}

/** What a deploy makes first, told before anything is made. */
interface Preparation {
  readonly previews: ReadonlyMap<string, StagePreview>;
  readonly coming: readonly (readonly [TargetCloud, ReadonlyMap<string, string>])[];
}

/** Throws UserError PREVIEW_URL_MISSING, and those of `stagePreviews`. */
async function lookAhead(stage: Stage): Promise<Preparation> {
  const previews = await stagePreviews(stage);
  const coming: [TargetCloud, ReadonlyMap<string, string>][] = [];
  for (const cloud of stage.clouds) coming.push([cloud, await comingSecrets(cloud, stage, previews)]);
  return { previews, coming };
}

/**
 * Makes what the stage lacks before a deploy looks at it: databases, then the secrets. True where it changed anything;
 * repeating it changes nothing. Throws UserError DATABASE_TAKEN, PREVIEW_RIGHTS, and those of `stagePreviews`.
 */
export async function preparePreview(stage: Stage, reporter: Pick<Reporter, "line">): Promise<boolean> {
  if (!isTemporary(stage)) return false;
  const { previews, coming } = await lookAhead(stage);
  let isChanged = false;
  for (const preview of previews.values()) {
    if (preview.state === "ours") continue;
    isChanged = true;
    if (await ensurePreview(preview, functionsUrl(preview, stage)))
      reporter.line(`made the database ${preview.name} for the stage ${stage.app.stage}`);
  }
  const urls = new Set([...previews.values()].map(({ secret }) => secret));
  for (const [cloud, values] of coming) {
    if (!values.size) continue;
    isChanged = true;
    await secretStore(cloud, stage).set(values);
    for (const name of values.keys()) {
      const origin = urls.has(name) ? "the URL of its own database" : `as ${baseStage} has it`;
      reporter.line(`${cloud.prefix}set ${name} at ${stage.app.stage}, ${origin}`);
    }
  }
  const lambda = lambdaOf(stage);
  const isRenewed = lambda !== undefined && (await renewUrls(lambda, stage, previews));
  return isChanged || isRenewed;
}

/** The password of `preview` was rotated: the URLs follow it. Where it is not known, they stay as they are. */
async function renewUrls(
  lambda: LambdaCloud,
  stage: Stage,
  previews: ReadonlyMap<string, StagePreview>,
): Promise<boolean> {
  const all = [...previews.values()];
  const own = await valuesAt(
    lambda,
    stage,
    stage.owner.stage,
    all.map(({ secret }) => secret),
  );
  const old = all.flatMap(({ secret, appUrl }) =>
    appUrl === undefined || own[secret] === appUrl ? [] : [[secret, appUrl] as const],
  );
  for (const [secret, url] of old) await setSecret(lambda.aws.clients, stage.owner, secret, url);
  return old.length > 0;
}
