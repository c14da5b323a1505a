/** The bytes of a function's zip: what the build made, and with it the static files of earlier releases that it serves too. */
import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import { readFile } from "node:fs/promises";
import { UserError } from "../../framework/model/user-error.ts";
import type { RecordedAsset } from "../record.ts";
import type { Clients } from "./clients.ts";
import type { LambdaFunction } from "./draft.ts";

/** Zips in and out; the build's own writer and a strict reader stand behind it. */
export interface Archive {
  /** Files by name. */
  read(zip: Uint8Array): ReadonlyMap<string, Uint8Array>;
  write(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array>;
}

/** Where the files of earlier releases are: the live version of the assets function (a qualified ARN). */
export interface CodeHost {
  readonly clients: Clients;
  readonly archive: Archive;
  readonly liveAssets: string | undefined;
}

/** Throws UserError KEPT_ASSETS when the live release's files cannot be had. */
export async function readCode({ clients, archive, liveAssets }: CodeHost, fn: LambdaFunction): Promise<Uint8Array> {
  const own = await readFile(fn.zip);
  if (!fn.kept.length) return own;
  if (liveAssets === undefined) throw new Error("files of earlier releases are wanted, and there is no release that has them");
  const [mine, theirs] = [archive.read(own), archive.read(await download(clients, liveAssets))];
  const files = new Map(mine);
  for (const asset of fn.kept) {
    for (const name of filesOf(asset)) {
      const bytes = theirs.get(name);
      if (!bytes) throw keptAssets(`${name} of ${asset.path} is not in it`);
      files.set(name, bytes);
    }
  }
  const table = JSON.parse(Buffer.from(mine.get("assets.json") ?? []).toString("utf8")) as readonly unknown[];
  files.set("assets.json", Buffer.from(JSON.stringify([...table, ...fn.kept.map(({ entry }) => entry)])));
  files.set("build", Buffer.from(fn.build));
  return archive.write(files);
}

/** Names in the zip, of the file and of its compressed forms. */
function filesOf({ entry }: RecordedAsset): readonly string[] {
  const { file, encodings = [] } = entry as { readonly file: string; readonly encodings?: readonly { readonly file: string }[] };
  return [file, ...encodings.map((one) => one.file)].map((name) => `assets/${name}`);
}

/** GetFunction gives a URL that works without a signature for ten minutes. */
async function download({ lambda }: Clients, ref: string): Promise<Uint8Array> {
  const [FunctionName, Qualifier] = [ref.slice(0, ref.lastIndexOf(":")), ref.slice(ref.lastIndexOf(":") + 1)];
  const { Code } = await lambda.send(new GetFunctionCommand({ FunctionName, Qualifier }));
  const response = await fetch(Code?.Location ?? "", { redirect: "error", signal: AbortSignal.timeout(120_000) });
  if (!response.ok) throw keptAssets(`the download answers ${response.status}`);
  return response.bytes();
}

function keptAssets(why: string): UserError {
  return new UserError(
    "KEPT_ASSETS",
    `the static files of the live release cannot be taken over: ${why}`,
    "run the command again; when it stays so, deploy with other file names and tell us",
  );
}
