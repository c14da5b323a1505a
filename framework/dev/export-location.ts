/**
 * Locates the export that a failure is shown at when no frame of its stack is in the app's own code: the export of the
 * requested method in the route's file.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Route } from "../model/route.ts";

/** The route and the method whose request failed. */
export interface RequestedRoute {
  /** As the client sent it. */
  readonly method: string;
  readonly route: Pick<Route, "file">;
  /** All routes of the function. */
  readonly routes: readonly Pick<Route, "file" | "middleware">[];
}

/** A line in a file of the app. */
export interface ExportLocation {
  /** Relative to the root. */
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

/**
 * The route's own export. For a failure while the function started, the only file that can have caused it; undefined
 * where there are several.
 * @param sources of the failure's frames, all of them in Portico's own code @param root absolute path of the app
 */
export async function locateExport(
  { method, route, routes }: RequestedRoute,
  sources: readonly string[],
  root: string,
): Promise<ExportLocation | undefined> {
  const isStart = sources.some((source) => source.startsWith("portico/entry/"));
  if (!isStart) return findExport(root, route.file, method);
  const isMiddleware = sources[0]?.startsWith("portico/runtime/middleware.");
  const files = [...new Set(routes.flatMap(({ file, middleware }) => (isMiddleware ? middleware : [file])))];
  return files.length === 1 && files[0] !== undefined
    ? findExport(root, files[0], isMiddleware ? "default" : method)
    : undefined;
}

/** The first line that looks like the export of that name, or of any method; the match is textual. */
async function findExport(root: string, source: string, method: string): Promise<ExportLocation | undefined> {
  let text: string;
  try {
    text = await readFile(join(root, source), "utf8");
  } catch {
    // The file was removed after it was built.
    return undefined;
  }
  const lines = text.split("\n");
  for (const name of [method, ...(method === "HEAD" ? ["GET"] : []), "default", "[A-Z]+", "\\*"]) {
    const pattern = new RegExp(`^(.*\\bexport\\b.*?(?<![\\w$]))${name}(?![\\w$])`);
    const index = lines.findIndex((line) => pattern.test(line));
    if (index < 0) continue;
    return { source, line: index + 1, column: (pattern.exec(lines[index] ?? "")?.[1]?.length ?? 0) + 1 };
  }
  return undefined;
}
