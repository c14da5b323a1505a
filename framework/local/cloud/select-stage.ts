/** Stage selection: an API's stages and a decoded path in, the stage that answers and the path that its routes see out. */
import type { StageRecord } from "./records.ts";

/** A named stage whose name is the first segment goes first, else `$default` (developer guide, "Stages for HTTP APIs"). */
export function selectStage(
  stages: readonly StageRecord[],
  decodedPath: string,
): { readonly stage: StageRecord; readonly path: string } | undefined {
  const first = decodedPath.split("/", 2)[1] ?? "";
  const named = stages.find(({ stageName }) => stageName === first && stageName !== "$default");
  if (named) return { stage: named, path: decodedPath.slice(1 + first.length) || "/" };
  const fallback = stages.find(({ stageName }) => stageName === "$default");
  return fallback && { stage: fallback, path: decodedPath };
}
