/** The URLs of databases that a release was deployed with and that are no longer those of its stage. */
import type { Release } from "../../deploy/platform.ts";
import { databaseUrls } from "../model/database.ts";
import { secretStore } from "./secret-store.ts";
import type { StageCloud, TargetCloud } from "./stage-cloud.ts";

/** A secret of a release. */
export interface RotatedSecret {
  readonly secret: string;
  /** The databases whose URL it is. */
  readonly databases: readonly string[];
  /** Its version in the release, and now; undefined for one that was removed. */
  readonly frozen: number;
  readonly current: number | undefined;
}

/** None at stage local, whose secrets are those of .env, and without a call for an app without databases. */
export async function rotatedSecrets(
  cloud: TargetCloud,
  stage: Pick<StageCloud, "app" | "owner" | "isLocal">,
  { record }: Pick<Release, "record">,
): Promise<readonly RotatedSecret[]> {
  const urls = Object.entries(databaseUrls(stage.app.databases) ?? {});
  if (stage.isLocal || !urls.length || !record) return [];
  const stored = new Map((await secretStore(cloud, stage).list()).map(({ name, version }) => [name, version]));
  return [...Map.groupBy(urls, ([, secret]) => secret)].flatMap(([secret, all]): RotatedSecret[] => {
    const [frozen, current] = [record.secrets[secret], stored.get(secret)];
    if (frozen === undefined || frozen === current) return [];
    return [{ secret, databases: all.map(([name]) => name), frozen, current }];
  });
}

/** For people. */
export function rotatedText(release: number, { secret, databases, frozen, current }: RotatedSecret): string {
  const now = current === undefined ? "which was removed since" : `and version ${current} is the stage's now`;
  return (
    `SECRET_ROTATED: release ${release} was deployed with version ${frozen} of ${secret}, ${now}: it goes on with ` +
    "the URL of then, and where that user or password is gone, each query to " +
    `${databases.join(" and ")} fails. Keep the user until no kept release has it, or deploy the earlier code once ` +
    "more in place of this"
  );
}
