/** Reads manifest.json and refuses one with another schema. */
import type { Manifest } from "./manifest.ts";
import { UserError } from "./user-error.ts";

/** Parses manifest.json. Throws UserError MANIFEST, or MANIFEST_VERSION for another schema. @param file for messages */
export function readManifest(text: string, file: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw broken(file, cause);
  }
  const version = value && typeof value === "object" && "schemaVersion" in value ? value.schemaVersion : undefined;
  if (version === 1) return value as Manifest;
  if (typeof version !== "number") throw broken(file);
  throw new UserError(
    "MANIFEST_VERSION",
    `${file} was written by another version of Portico (schema ${version}; this one reads 1)`,
    "Build again, or update Portico.",
    { at: { file } },
  );
}

const broken = (file: string, cause?: unknown): UserError =>
  new UserError("MANIFEST", `${file} is not a valid manifest`, "Build again: portico build.", {
    at: { file },
    cause,
  });
