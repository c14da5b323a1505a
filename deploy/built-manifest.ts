/** Reads the manifest of a build folder and checks that the build is for the wanted cloud. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../framework/model/manifest.ts";
import { readManifest } from "../framework/model/manifest-reader.ts";
import { UserError } from "../framework/model/user-error.ts";

const targetNames = { lambda: "Lambda", workers: "Workers" } as const;

/** Throws UserError BUILD_MISSING, BUILD_TARGET, or those of `readManifest`. */
export async function readBuiltManifest(folder: string, target: keyof typeof targetNames): Promise<Manifest> {
  const file = join(folder, "manifest.json");
  const fix = `Run portico build --target ${target}`;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new UserError("BUILD_MISSING", `${folder} has no build`, fix, { cause });
  }
  const manifest = readManifest(text, file);
  if (manifest.target === target) return manifest;
  throw new UserError(
    "BUILD_TARGET",
    `${folder} has a build for ${manifest.target}, not for ${targetNames[target]}`,
    fix,
  );
}
