/** Reads the source maps of a function's version, which are in its zip. */
import { SourceMap, type SourceMapPayload } from "node:module";
import { zipEntries } from "../../framework/zip/reader.ts";
import { isMissing } from "./aws-error.ts";
import type { Clients } from "./clients.ts";
import { requestZip } from "./function-zip.ts";

/** By the name of their module, such as `index.mjs`. */
export type SourceMaps = ReadonlyMap<string, SourceMap>;

/**
 * None for a version that is gone. Rejects with the error of the call, such as AccessDenied.
 * @param ref the function's name and its version
 */
export async function readSourceMaps(
  clients: Pick<Clients, "lambda">,
  ref: { readonly FunctionName: string; readonly Qualifier: string },
): Promise<SourceMaps> {
  try {
    const response = await requestZip(clients, ref);
    if (!response.ok) throw new Error(`the download of the code answers ${response.status}`);
    const entries = zipEntries(await response.bytes());
    return readMaps(entries.map(({ path, bytes }) => [path, bytes] as const));
  } catch (error) {
    if (isMissing(error)) return new Map();
    throw error;
  }
}

/** @param files by their names in the zip; of those that are no map of a module among them, nothing is read */
export function readMaps(files: Iterable<readonly [name: string, bytes: Uint8Array]>): SourceMaps {
  const all = new Map(files);
  return new Map(
    [...all].flatMap(([name, bytes]) => {
      const module = name.replace(/\.map$/, "");
      // The app's own files ("files" in hosting.json) may be other maps.
      if (module === name || !module.endsWith(".mjs") || module.includes("/") || !all.has(module)) return [];
      return [[module, new SourceMap(JSON.parse(Buffer.from(bytes).toString()) as SourceMapPayload)] as const];
    }),
  );
}
