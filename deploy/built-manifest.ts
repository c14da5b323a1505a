/** The manifest of a build for one cloud: its folder and the target that is wanted in, the manifest out. No network. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../framework/model/manifest.ts";
import { readManifest } from "../framework/model/read-manifest.ts";
import { UserError } from "../framework/model/user-error.ts";

const words = { lambda: "Lambda", workers: "Workers" } as const;

/** Throws UserError BUILD_MISSING, BUILD_TARGET, or those of `readManifest`. */
export async function readBuiltManifest(folder: string, target: keyof typeof words): Promise<Manifest> {
  const file = join(folder, "manifest.json");
  const fix = `run portico build --target ${target}`;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new UserError("BUILD_MISSING", `${folder} holds no build`, fix, { cause });
  }
  const manifest = readManifest(text, file);
  if (manifest.target === target) return manifest;
  throw new UserError("BUILD_TARGET", `${folder} holds a build for ${manifest.target}, not for ${words[target]}`, fix);
}
