/** Reads what an app has at a stage behind a function URL; the release that the alias points to is live. */
import { GetFunctionCommand, paginateListVersionsByFunction } from "@aws-sdk/client-lambda";
import { type DeployedPart, digest, type Owner } from "../../parts.ts";
import type { LockOwner } from "../../lock-owner.ts";
import type { Deployed, Leftover, Live, Release } from "../../platform.ts";
import type { ReleaseRecord } from "../../record.ts";
import type { Clients } from "../clients.ts";
import { publicAccessPart, urlPart } from "../desired-parts.ts";
import { findFunctions } from "../function-list.ts";
import { lookForFiles } from "../files-bucket.ts";
import { readLock } from "../lease.ts";
import { findLogGroup } from "../log-group.ts";
import { describedRelease, functionName, isOurs, type Place, recordPrefix, versionKey } from "../names.ts";
import { functionParts, findInterrupted, readRecords, recordedLeftovers, requireFront } from "../records.ts";
import { isMissing } from "../aws-error.ts";
import { findRoles } from "../stage-roles.ts";
import { jobLeftovers, lookForJobs } from "../jobs.ts";
import { type FoundResources, resourceParts, type StageNeeds, takenResources } from "../stage-resources.ts";
import { lookForTable } from "../stage-table.ts";
import type { StoredObject, Store } from "../store.ts";
import { isStreamingUrl, type LiveAlias, missingGrants, readLiveAlias } from "./live-alias.ts";

/** The app, the stage and the account. */
export interface ObservationInput {
  readonly clients: Clients;
  readonly store: Store;
  readonly owner: Owner;
  readonly keep: number;
  readonly lockOwner: LockOwner;
  readonly place: Place;
  /** What the next release needs beside its functions; absent without a build. */
  readonly needed?: StageNeeds | undefined;
}

/** The part that moves when anybody deploys, rolls back or removes: one round of calls. */
export interface ReleaseState extends LiveAlias {
  /** Absent: there is none; somebody else's is `taken`. */
  readonly fn?: "ours" | "taken";
  readonly entries: readonly StoredObject[];
  readonly hasBucket: boolean;
  readonly fingerprint: string;
}

/** The deployed state, with the inputs of later steps. */
export interface Observation extends FoundResources, Pick<ReleaseState, "alias" | "url" | "entries" | "hasBucket"> {
  readonly deployed: Deployed;
  readonly records: ReadonlyMap<number, ReleaseRecord>;
}

export async function readReleaseState({
  clients,
  store,
  owner,
}: Pick<ObservationInput, "clients" | "store" | "owner">): Promise<ReleaseState> {
  const FunctionName = functionName(owner, "app");
  const [listed, live, tags] = await Promise.all([
    store.list(recordPrefix(owner)),
    readLiveAlias(clients, FunctionName),
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
  const fingerprint = digest([
    fn,
    FunctionVersion,
    Description,
    url?.InvokeMode,
    entries.map(({ key, etag }) => [key, etag]),
  ]);
  return {
    ...(fn && { fn }),
    ...(alias && { alias }),
    ...(url && { url }),
    entries,
    hasBucket: listed !== undefined,
    fingerprint,
  };
}

/** Two rounds of calls. Throws UserError FRONT_CHANGED where the stage is behind an HTTP API. */
export async function observe(input: ObservationInput): Promise<Observation> {
  const { clients, store, owner, keep, lockOwner, place, needed } = input;
  const jobsOf = lookForJobs({ clients, owner, place, needed: needed && (needed.jobs ?? null) });
  const [roles, table, files, logs, lock, state] = await Promise.all([
    findRoles(clients, owner, needed?.roles),
    lookForTable(clients, owner, place, needed),
    lookForFiles(clients, owner, place, needed),
    findLogGroup(clients, owner),
    readLock(store, owner),
    readReleaseState({ clients, store, owner }),
  ]);
  const name = functionName(owner, "app");
  const [records, versions, lacking, lookalikes] = await Promise.all([
    readRecords(store, state.entries),
    state.fn === "ours" ? readVersions(clients, name) : new Map<string, string>(),
    state.alias ? missingGrants(clients, name) : [],
    state.fn === "ours" ? [] : findFunctions(clients, owner).then(({ others }) => others),
  ]);
  requireFront(records, "function-url", owner);
  const found = { roles, table, files, jobs: await jobsOf(records) };
  const { releases, live } = toReleases(state, records, versions);
  const parts = [
    ...resourceParts(input, { ...found, logs }, live?.record, needed),
    ...(state.url ? urlParts(owner, state, lacking.length === 0) : []),
    ...functionParts(records, live?.record),
  ];
  const taken: Deployed["taken"] = [
    ...takenResources(input, found),
    ...lookalikes.map((one) => ({ kind: "function" as const, name: one })),
  ];
  const lastNumber = Math.max(0, ...records.keys(), live?.number ?? 0);
  const interrupted = await findInterrupted(lock, lockOwner);
  const bare: readonly Leftover[] =
    state.alias && !state.url ? [{ kind: "url", name: "live", reason: "an alias whose URL was not made yet" }] : [];
  const leftovers = [
    ...bare,
    ...jobLeftovers(owner, found.jobs, live),
    ...recordedLeftovers({ records, releases, live, interrupted, keep, lost: "its version is gone" }),
  ];
  const { fingerprint, hasBucket, entries, alias, url } = state;
  return {
    ...found,
    records,
    entries,
    hasBucket,
    ...(alias && { alias }),
    ...(url && { url }),
    deployed: {
      parts,
      releases,
      leftovers,
      taken,
      fingerprint,
      lastNumber,
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
  { alias, url }: ReleaseState,
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
function urlParts(owner: Owner, state: ReleaseState, isGranted: boolean): readonly DeployedPart[] {
  const url = urlPart(owner);
  return [
    isStreamingUrl(state) ? url : { ...url, key: "changed by somebody" },
    ...(isGranted ? [publicAccessPart(owner)] : []),
  ];
}
