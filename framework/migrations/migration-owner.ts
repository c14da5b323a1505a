/** Whose a migration is, by its name: an extension's, or the app's own. */
import { isInstalled } from "../model/extension.ts";

/** The extension's name with a slash behind it; empty for the app. Files have an order within it. */
export const ownerOf = (name: string): string => name.slice(0, name.lastIndexOf("/") + 1);

/**
 * Of two ways to mend something, the one that is open to who has the file: an extension's author, or the app, whose own
 * an extension is that is only linked to from node_modules.
 */
export const fixFor = (
  { name, file }: { readonly name: string; readonly file?: string },
  own: string,
  ofExtension: (extension: string) => string,
): string =>
  ownerOf(name) === "" || (file !== undefined && !isInstalled(file)) ? own : ofExtension(ownerOf(name).slice(0, -1));
