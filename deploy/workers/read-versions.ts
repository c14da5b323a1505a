/** Reads the versions of a Worker that matter to the next release: of kept releases, and with traffic. */
import { inParallel } from "../parallel.ts";
import type { Owner } from "../parts.ts";
import type { Client } from "./client.ts";
import { recordModule, scriptName, taggedRelease } from "./names.ts";
import type { ReleaseState } from "./release-state.ts";
import { type FullRecord, readFullRecord, readSummary } from "./version-record.ts";
import { type Deployment, findVersion, readModule, type VersionDetail } from "./worker-reads.ts";

/** Versions that were read in full. */
export interface ReadVersions {
  readonly details: ReadonlyMap<string, VersionDetail>;
  /** The newest version: the next one inherits its secrets. */
  readonly newest: VersionDetail | undefined;
  /** The live one's whole record. */
  readonly liveRecord: FullRecord | undefined;
  /** Static files of the versions that have traffic, by the version's id. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Numbers of releases that took traffic, as records made later say. */
  readonly before: ReadonlySet<number>;
}

/** Whose versions, and how many releases are kept. */
interface ReadInput {
  readonly client: Client;
  readonly owner: Owner;
  readonly keep: number;
}

/** More than are kept, since some never took traffic. */
const extraVersions = 5;

export async function readVersions(
  { client, owner, keep }: ReadInput,
  { versions, deployment }: ReleaseState,
): Promise<ReadVersions> {
  const name = scriptName(owner);
  const tagged = versions.filter(({ annotations }) => taggedRelease(annotations?.["workers/tag"]));
  const shares = deployment?.versions ?? [];
  const main = mainShare(deployment)?.version_id;
  const other = shares.find(({ version_id, percentage }) => version_id !== main && percentage > 0)?.version_id;
  const first = new Set([...tagged.slice(0, keep + extraVersions), ...versions.slice(0, 1)].map(({ id }) => id));
  for (const { version_id } of shares) first.add(version_id);
  for (const id of [main, other]) if (id !== undefined) first.delete(id);
  const details = new Map<string, VersionDetail>();
  const read = async (ids: Iterable<string>): Promise<unknown> =>
    inParallel([...ids], 8, async (id) => {
      const found = await findVersion(client, name, id);
      if (found) details.set(id, found);
    });
  const readRecord = async (id: string | undefined): Promise<FullRecord | undefined> => {
    const found = id === undefined ? undefined : await readModule(client, name, id, recordModule);
    if (found && id !== undefined) details.set(id, found.version);
    return found?.text === undefined ? undefined : readFullRecord(found.text, id ?? "");
  };
  const [liveRecord, beside] = await Promise.all([readRecord(main), readRecord(other), read(first)]);
  const before = (): ReadonlySet<number> =>
    new Set([...details.values()].flatMap((detail) => readSummary(detail)?.before ?? []));
  const wanted = new Set([...before()].toSorted((one, other) => other - one).slice(0, keep));
  const older = tagged.filter(({ id, annotations }) => {
    const number = taggedRelease(annotations?.["workers/tag"])?.number;
    return !details.has(id) && number !== undefined && wanted.has(number);
  });
  if (older.length) await read(older.map(({ id }) => id));
  const newest = details.get(versions[0]?.id ?? "");
  return {
    details,
    newest,
    before: before(),
    liveRecord,
    files: new Map(
      [liveRecord, beside].flatMap((record) =>
        record?.ref === undefined ? [] : [[record.ref, record.files] as const],
      ),
    ),
  };
}

/** Of a canary the greater part; of a candidate that takes no traffic the other. */
function mainShare(deployment: Deployment | undefined) {
  return deployment?.versions.toSorted((one, other) => other.percentage - one.percentage)[0];
}
