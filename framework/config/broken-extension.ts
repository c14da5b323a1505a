/** The error for a mistake in an extension itself, which its author can correct. */
import { isInstalled } from "../model/extension.ts";
import { type At, UserError } from "../model/user-error.ts";

/**
 * EXTENSION_DATA.
 * @param folder its real one: a package that is linked to from node_modules is the app's own
 * @param fix for its author
 */
export const broken = (
  { name, folder }: { readonly name: string; readonly folder: string },
  message: string,
  fix: string,
  at: readonly At[],
): UserError =>
  new UserError(
    "EXTENSION_DATA",
    `the extension ${name} is broken: ${message}`,
    isInstalled(folder) ? `Install another version of it, or tell its author (npm bugs ${name}): ${fix}` : fix,
    { at },
  );
