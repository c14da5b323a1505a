/** The error for a mistake in an extension itself, which its author can correct. */
import { type At, UserError } from "../model/user-error.ts";

/** EXTENSION_DATA. @param fix for its author */
export const broken = (name: string, message: string, fix: string, at: readonly At[]): UserError =>
  new UserError(
    "EXTENSION_DATA",
    `the extension ${name} is broken: ${message}`,
    `Install another version of it, or tell its author (npm bugs ${name}): ${fix}`,
    { at },
  );
