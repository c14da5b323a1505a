/** Reads a function's zip for upload, with the static files of earlier releases that it serves added to it. */
import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import { readFile } from "node:fs/promises";
import { UserError } from "../../framework/model/user-error.ts";
import { type ZipEntry, zipEntries } from "../../framework/zip/reader.ts";
import { zip } from "../../framework/zip/writer.ts";
import type { RecordedAsset } from "../record.ts";
import type { Clients } from "./clients.ts";
import type { LambdaFunction } from "./lambda-function.ts";
import { versionTarget } from "./names.ts";

/** Where the files of earlier releases are: the live version of the assets function (a qualified ARN). */
export interface ZipSource {
  readonly clients: Clients;
  readonly liveAssets: string | undefined;
}

/** Throws UserError KEPT_ASSETS when the live release's files cannot be had. */
export async function readFunctionZip({ clients, liveAssets }: ZipSource, fn: LambdaFunction): Promise<Uint8Array> {
  const own = await readFile(fn.zip);
  if (!fn.kept.length) return own;
  if (liveAssets === undefined) throw new Error("the release needs files of earlier releases, and no release has them");
  const entries = zipEntries(own);
  const theirs = filesByName(zipEntries(await download(clients, liveAssets)));
  const files = filesByName(entries);
  for (const asset of fn.kept) {
    for (const name of filesOf(asset)) {
      const bytes = theirs.get(name);
      if (!bytes) throw keptAssets(`${name} of ${asset.path} is not in it`);
      files.set(name, bytes);
    }
  }
  const table = JSON.parse(Buffer.from(files.get("assets.json") ?? []).toString("utf8")) as readonly unknown[];
  files.set("assets.json", Buffer.from(JSON.stringify([...table, ...fn.kept.map(({ entry }) => entry)])));
  files.set("build", Buffer.from(fn.build));
  return zip(files, new Set(entries.filter(({ executable }) => executable).map(({ path }) => path)));
}

const filesByName = (entries: readonly ZipEntry[]): Map<string, Uint8Array> =>
  new Map(entries.map(({ path, bytes }) => [path, bytes]));

/** Names in the zip, of the file and of its compressed forms. */
function filesOf({ entry }: RecordedAsset): readonly string[] {
  const { file, encodings = [] } = entry as {
    readonly file: string;
    readonly encodings?: readonly { readonly file: string }[];
  };
  return [file, ...encodings.map((one) => one.file)].map((name) => `assets/${name}`);
}

/** The answer with a version's zip. GetFunction gives a URL that works without a signature for ten minutes. */
export async function requestZip(
  { lambda }: Pick<Clients, "lambda">,
  ref: { readonly FunctionName: string; readonly Qualifier: string },
): Promise<Response> {
  const { Code } = await lambda.send(new GetFunctionCommand(ref));
  return fetch(Code?.Location ?? "", { redirect: "error", signal: AbortSignal.timeout(120_000) });
}

async function download(clients: Clients, ref: string): Promise<Uint8Array> {
  const response = await requestZip(clients, versionTarget(ref));
  if (!response.ok) throw keptAssets(`the download answers ${response.status}`);
  return response.bytes();
}

function keptAssets(why: string): UserError {
  return new UserError(
    "KEPT_ASSETS",
    `the static files of the live release cannot be taken over: ${why}`,
    "Run the command again. If it fails again, rename the files, deploy, and report this as a bug of Portico.",
  );
}
