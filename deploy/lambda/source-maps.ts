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

/** @param files by their names in the zip; others than `NAME.map` are left out */
export const readMaps = (files: Iterable<readonly [name: string, bytes: Uint8Array]>): SourceMaps =>
  new Map(
    [...files].flatMap(([name, bytes]) =>
      name.endsWith(".map") && !name.includes("/")
        ? [
            [
              name.slice(0, -".map".length),
              new SourceMap(JSON.parse(Buffer.from(bytes).toString()) as SourceMapPayload),
            ],
          ]
        : [],
    ),
  );
