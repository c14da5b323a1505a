/** Reads a candidate back: what a stage's snapshot calls, held against what the release should call. */
import { UserError } from "../../framework/model/user-error.ts";
import type { ReleaseDraft, Version } from "../platform.ts";
import { type ApiHandle, readStage } from "./api.ts";
import type { Clients } from "./clients.ts";
import type { LambdaFunction } from "./draft.ts";

/** The routes of a release, each with the version that it calls. */
export const calledRoutes = (release: ReleaseDraft<LambdaFunction>) =>
  release.draft.routes.map((route) => ({ key: route.key, ref: versionOf(release, route.function).ref }));

/** Throws UserError CANDIDATE_DIFFERS. */
export async function compare(clients: Clients, api: ApiHandle, stage: string, release: ReleaseDraft<LambdaFunction>): Promise<void> {
  const lines = (routes: readonly { readonly key: string; readonly ref: string }[]): readonly string[] =>
    routes.map(({ key, ref }) => `${key} → ${ref}`).toSorted();
  const [wanted, found] = [lines(calledRoutes(release)), lines(await readStage(clients, api.id, stage))];
  const other = wanted.find((line, at) => line !== found[at]) ?? found[wanted.length];
  if (other === undefined) return;
  throw new UserError(
    "CANDIDATE_DIFFERS",
    `release ${release.number} was frozen with other routes than it should have: ${other}`,
    "what is live was not touched; somebody edits the API at the same time; deploy again",
  );
}

/** Throws Error for a function that was not uploaded. */
export function versionOf({ versions }: ReleaseDraft, id: string): Version {
  const version = versions.get(id);
  if (version) return version;
  throw new Error(`no version of ${id} was uploaded`);
}
