/** What an app has at a stage behind a function URL: reading calls in, parts, releases and leftovers out. Live is what the alias points to. */
import { GetFunctionCommand, paginateListVersionsByFunction } from "@aws-sdk/client-lambda";
import type { Holder } from "../../holder.ts";
import type { Deployed, DeployedPart, Leftover, Live, Release } from "../../platform.ts";
import type { ReleaseRecord } from "../../record.ts";
import type { Clients } from "../clients.ts";
import { digest, publicPart, urlPart } from "../draft.ts";
import { findFunctions } from "../find-functions.ts";
import { readLock } from "../lease.ts";
import { findLogGroup } from "../log-group.ts";
import { describedRelease, functionName, isOurs, type Owner, recordPrefix, stageName, versionKey } from "../names.ts";
import { functionParts, interruption, readRecords, recordedLeftovers, refuseFront } from "../recorded.ts";
import { isMissing } from "../retry.ts";
import { deployedRole, findRole } from "../role.ts";
import type { Entry, Store } from "../store.ts";
import { isAsWanted, type LiveAlias, missingGrants, readLive } from "./live.ts";

/** Whose and where. */
export interface Observing {
  readonly clients: Clients;
  readonly store: Store;
  readonly owner: Owner;
  readonly keep: number;
  readonly holder: Holder;
}

/** The part that moves when anybody deploys, rolls back or removes: one round of calls. */
export interface Glance extends LiveAlias {
  /** Absent: there is none; somebody else's is `taken`. */
  readonly fn?: "ours" | "taken";
  readonly entries: readonly Entry[];
  readonly hasBucket: boolean;
  readonly fingerprint: string;
}

/** What is deployed, and what later steps need of it. */
export interface Observed extends Pick<Glance, "alias" | "url" | "entries" | "hasBucket"> {
  readonly deployed: Deployed;
  readonly records: ReadonlyMap<number, ReleaseRecord>;
  /** The role's, as it is. */
  readonly policy: string | undefined;
}

export async function glanceAt({ clients, store, owner }: Pick<Observing, "clients" | "store" | "owner">): Promise<Glance> {
  const FunctionName = functionName(owner, "app");
  const [listed, live, tags] = await Promise.all([
    store.list(recordPrefix(owner)),
    readLive(clients, FunctionName),
    clients.lambda.send(new GetFunctionCommand({ FunctionName })).then(
      ({ Tags = {} }) => Tags,
      (error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      },
    ),
  ]);
  const fn = tags && (isOurs(owner, tags) ? ("ours" as const) : ("taken" as const));
  // Whatever hangs on a function that is not ours is not ours either.
  const { alias, url } = fn === "ours" ? live : {};
  const entries = listed ?? [];
  const { FunctionVersion, Description } = alias ?? {};
  const fingerprint = digest([fn, FunctionVersion, Description, url?.InvokeMode, entries.map(({ key, etag }) => [key, etag])]);
  return { ...(fn && { fn }), ...(alias && { alias }), ...(url && { url }), entries, hasBucket: listed !== undefined, fingerprint };
}

/** Two rounds of calls. Throws UserError FRONT_CHANGED where the stage is behind an HTTP API. */
export async function observe({ clients, store, owner, keep, holder }: Observing): Promise<Observed> {
  const [role, logs, lock, glance] = await Promise.all([
    findRole(clients, owner),
    findLogGroup(clients, owner),
    readLock(store, owner),
    glanceAt({ clients, store, owner }),
  ]);
  const name = functionName(owner, "app");
  const [records, versions, lacking, lookalikes] = await Promise.all([
    readRecords(store, glance.entries),
    glance.fn === "ours" ? readVersions(clients, name) : new Map<string, string>(),
    glance.alias ? missingGrants(clients, name) : [],
    glance.fn === "ours" ? [] : findFunctions(clients, owner).then(({ others }) => others),
  ]);
  refuseFront(records, "function-url", owner);
  const { releases, live } = toReleases(glance, records, versions);
  const parts = [
    ...(role && role !== "taken" ? deployedRole(owner, role) : []),
    ...(logs ? [logs] : []),
    ...(glance.url ? urlParts(owner, glance, lacking.length === 0) : []),
    ...functionParts(records, live?.record),
  ];
  const taken = [
    ...(role === "taken" ? [{ kind: "role" as const, name: stageName(owner) }] : []),
    ...lookalikes.map((one) => ({ kind: "function" as const, name: one })),
  ];
  const lastNumber = Math.max(0, ...records.keys(), live?.number ?? 0);
  const interrupted = await interruption(lock, holder);
  const bare: readonly Leftover[] =
    glance.alias && !glance.url ? [{ kind: "url", name: "live", reason: "an alias whose URL was not made yet" }] : [];
  const leftovers = [...bare, ...recordedLeftovers({ records, releases, live, interrupted, keep, lost: "its version is gone" })];
  const { fingerprint, hasBucket, entries, alias, url } = glance;
  return {
    policy: role === "taken" ? undefined : role?.policy,
    ...{ records, entries, hasBucket, ...(alias && { alias }), ...(url && { url }) },
    deployed: {
      ...{ parts, releases, leftovers, taken, fingerprint, lastNumber },
      ...(live && { live }),
      ...(interrupted && { interrupted }),
    },
  };
}

/** Keys of published versions by their ARNs. */
async function readVersions({ lambda }: Clients, FunctionName: string): Promise<ReadonlyMap<string, string>> {
  const versions = new Map<string, string>();
  for await (const page of paginateListVersionsByFunction({ client: lambda }, { FunctionName })) {
    for (const { FunctionArn = "", Description, Version } of page.Versions ?? [])
      if (Version !== "$LATEST") versions.set(FunctionArn, versionKey(Description) ?? "");
  }
  return versions;
}

/** A record is a release as long as its version is there; live is the one that the alias names. */
function toReleases(
  { alias, url }: Glance,
  records: ReadonlyMap<number, ReleaseRecord>,
  versions: ReadonlyMap<string, string>,
): { releases: readonly Release[]; live?: Live } {
  const releases = [...records.values()]
    .flatMap((record): readonly Release[] => {
      const { number, hash, ref = "" } = record;
      return versions.has(ref) ? [{ number, hash, ref, record }] : [];
    })
    .toSorted((one, other) => one.number - other.number);
  const named = describedRelease(alias?.Description);
  if (!named || !url) return { releases };
  const ref = [...versions.keys()].find((one) => one.endsWith(`:${alias?.FunctionVersion}`)) ?? "";
  const recorded = releases.find((one) => one.number === named.number && one.ref === ref);
  return { releases, live: { ...(recorded ?? { ...named, ref }), url: url.FunctionUrl ?? "" } };
}

/** Another mode, or a grant that is gone, is a difference that the next deploy mends. */
function urlParts(owner: Owner, glance: Glance, isGranted: boolean): readonly DeployedPart[] {
  const url = urlPart(owner);
  return [isAsWanted(glance) ? url : { ...url, key: "changed by somebody" }, ...(isGranted ? [publicPart(owner)] : [])];
}
