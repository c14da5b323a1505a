/** The schema of an app's databases as a release changes it. */
import { createHash } from "node:crypto";
import type { Change } from "../../deploy/plan.ts";
import type { Platform } from "../../deploy/platform.ts";
import type { PlannedSchemaRelease, Schema, SchemaPlan } from "../../deploy/schema.ts";
import { compare, type LedgerRow } from "../migrations/ledger.ts";
import type { MigratedDatabase } from "../migrations/migrated-database.ts";
import type { MigrationFile } from "../migrations/migration-file.ts";
import { type Reader, type ReaderId, requireOwnDatabase } from "../migrations/readers.ts";
import type { MigrationEvent } from "../migrations/run-options.ts";
import { planMigrations, type PlannedMigrations } from "../migrations/runner.ts";
import { UserError } from "../model/user-error.ts";

/** One database of an app. */
export interface SchemaDatabase {
  /** Its name in hosting.json. */
  readonly name: string;
  readonly database: MigratedDatabase;
  readonly files: readonly MigrationFile[];
  /** Whether hosting.json says that others may read it. */
  readonly isShared: boolean;
  /** Of one that the stage has for itself: its name on the server, and the server. */
  readonly preview?: { readonly name: string; readonly host: string };
}

/** Whose release it is, and what it has. */
export interface SchemaOptions {
  readonly owner: Pick<ReaderId, "app" | "stage">;
  readonly databases: readonly SchemaDatabase[];
  readonly targetOf: (platform: Platform) => string;
  /** True where a release is one new route beside those that are live. */
  readonly isPart?: boolean;
  readonly onEvent: (event: MigrationEvent, database: string) => void;
}

/** Every verb goes through the databases one after the other. */
export function createSchema({ owner, databases, targetOf, isPart = false, onEvent }: SchemaOptions): Schema {
  const idOf = (platform: Platform): ReaderId => ({ ...owner, target: targetOf(platform) });
  const each = async (work: (database: SchemaDatabase) => Promise<unknown>): Promise<void> => {
    for (const database of databases) await work(database);
  };
  /** By database: a file that has waited for long enough since then runs with the next deploy, whose plan tells it. */
  const planned = new Map<string, readonly string[]>();
  const run = (which: "contract" | "all", release: number): Promise<void> =>
    each(({ database, files, name }) => {
      const own = planned.get(name);
      const options = { files, release, which, ...(own && { planned: own }) };
      return database.run({ ...options, onEvent: (event) => onEvent(event, name) });
    });
  const look = async (): Promise<readonly DatabasePlan[]> => {
    const plans: DatabasePlan[] = [];
    await each(async (database) => plans.push(await planDatabase(database, owner)));
    for (const { name, runs } of plans)
      planned.set(
        name,
        runs.map((file) => file.name),
      );
    return plans;
  };
  // What could not be asked before the upload is refused after it where it has to be.
  let isAsked = true;
  return {
    async plan(releases) {
      const plans = await look().catch((error: unknown) => laterOrThrow(error, releases));
      isAsked = plans !== undefined;
      return plans ? toSchemaPlan(plans, releases, idOf) : unaskedPlan(releases);
    },
    contract: async (release) => (isAsked ? run("contract", release) : undefined),
    async expand(release) {
      if (!isAsked) await look();
      isAsked = true;
      await run("all", release);
    },
    admit: ({ platform, number }) =>
      each(({ database, files }) => database.admit(idOf(platform), { release: number, files, isPart })),
    readmit: ({ platform, number, tookTraffic }) =>
      each(({ database }) => database.admit(idOf(platform), { release: number, tookTraffic })),
    settle: ({ platform, number, insteadOf }) =>
      each(({ database }) => database.settle(idOf(platform), number, insteadOf)),
    forget: (platform) => each(({ database }) => database.forget(idOf(platform))),
  };
}

/** Nothing where the release brings a function that will answer. */
function laterOrThrow(error: unknown, releases: readonly PlannedSchemaRelease[]): undefined {
  const isLater = error instanceof UserError && unanswered.has(error.code);
  if (!isLater || !releases.some(({ bringsFunction }) => bringsFunction)) throw error;
}

/** There is no function, or it speaks otherwise, or it does not reach the database from where it is. */
const unanswered: ReadonlySet<string> = new Set([
  "MIGRATE_FUNCTION_MISSING",
  "MIGRATE_FUNCTION_OLD",
  "MIGRATE_FUNCTION_FAILED",
  "DATABASE_UNREACHABLE",
]);

function unaskedPlan(releases: readonly PlannedSchemaRelease[]): SchemaPlan {
  const ask = line("ask", "", "the database cannot be asked from here; asked again after the upload");
  return {
    changes: new Map(releases.flatMap(({ platform, bringsFunction }) => (bringsFunction ? [[platform, [ask]]] : []))),
    fingerprint: "unasked",
  };
}

interface DatabasePlan extends PlannedMigrations {
  readonly name: string;
  readonly files: readonly MigrationFile[];
  /** Applied files that the app does not have: expand files alone, of which the plan tells. */
  readonly missing: readonly LedgerRow[];
  readonly readers: readonly Reader[];
  readonly fingerprint: unknown;
  /** One that the stage has for itself, and that no release has used yet. */
  readonly made?: NonNullable<SchemaDatabase["preview"]>;
}

async function planDatabase(
  { name, database, files, isShared, preview }: SchemaDatabase,
  owner: SchemaOptions["owner"],
): Promise<DatabasePlan> {
  const { ledger, readers } = await database.look();
  requireOwnDatabase(owner, readers, isShared);
  const compared = compare(files, ledger);
  const planned = planMigrations(compared, readers);
  const fingerprint = [
    ledger.map((row) => [row.name, row.sha256, row.state]),
    readers.map((one) => [one.app, one.stage, one.target, one.release, one.files]),
    planned.runs.map((file) => [file.name, file.sha256]),
    planned.waiting.map(({ file }) => [file.name, file.sha256]),
  ];
  const isNew = !ledger.length && !readers.length;
  const { missing } = compared;
  return { ...planned, name, files, missing, readers, fingerprint, ...(isNew && preview && { made: preview }) };
}

function toSchemaPlan(
  plans: readonly DatabasePlan[],
  releases: readonly PlannedSchemaRelease[],
  idOf: (platform: Platform) => ReaderId,
): SchemaPlan {
  const nameOf = (plan: DatabasePlan, file: string): string => (plans.length > 1 ? `${plan.name}: ${file}` : file);
  const changes = releases.map((release, at): [Platform, Change[]] => [
    release.platform,
    plans.flatMap((plan) => {
      const lines = [...(at === 0 ? runLines(plan, release) : []), ...listLines(plan, release, idOf)];
      const named = lines.map((line) => ({ ...line, name: nameOf(plan, line.name) }));
      return [...(at === 0 ? madeLines(plan) : []), ...named];
    }),
  ]);
  const fingerprint = createHash("sha256")
    .update(JSON.stringify(plans.map((plan) => plan.fingerprint)))
    .digest("hex");
  return { changes: new Map(changes), fingerprint };
}

const line = (action: Change["action"], name: string, reason: string): Change => ({
  action,
  kind: "migrate",
  name,
  reason,
});

const madeLines = ({ made }: DatabasePlan): readonly Change[] =>
  made
    ? [{ action: "create", kind: "database", name: made.name, reason: `on ${made.host}, until portico remove` }]
    : [];

/** What runs, and what waits; by the first cloud, since it runs once. */
function runLines(
  { runs, waiting, readers, applied, missing }: DatabasePlan,
  { number, isLive }: PlannedSchemaRelease,
): readonly Change[] {
  const leading = runs.findIndex(({ kind }) => kind === "expand");
  const before = `releases before ${number} cannot come back`;
  return [
    ...applied
      .filter((row) => row.release === number && !isLive)
      .map(({ name }) => line("keep", name, "ran in an earlier try")),
    ...missing.map(({ name }) => line("keep", name, "applied, and no file of this app: a new database would lack it")),
    ...runs.map(({ name, kind }, at) => {
      if (kind === "expand") return line("create", name, "expand, before the smoke test");
      if (!readers.length)
        return line("create", name, "contract, before the smoke test: no release reads the database");
      return line(
        "remove",
        name,
        `contract, ${leading === -1 || at < leading ? "before the upload" : "last"}; ${before}`,
      );
    }),
    ...waiting.map(({ file }) => line("wait", file.name, `20 minutes after every reader lists it; ${before}`)),
  ];
}

/** A live release whose code is the same lists more files by the deploy, or what a killed run did not write down. */
function listLines(
  { files, readers }: DatabasePlan,
  { platform, number, isLive }: PlannedSchemaRelease,
  idOf: (platform: Platform) => ReaderId,
): readonly Change[] {
  const id = idOf(platform);
  const reader = readers.find(({ app, stage, target }) => app === id.app && stage === id.stage && target === id.target);
  if (!isLive) return [];
  const added = files.filter(({ name, kind, sha256 }) => kind === "contract" && reader?.files[name] !== sha256);
  if (!added.length && reader?.release !== number)
    return [line("update", "readers", `release ${number} is live on ${id.target}, which was not written down`)];
  return added.map(({ name }) => line("update", name, "listed by the live release from now on"));
}
