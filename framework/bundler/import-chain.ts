/** The text of an import chain in an error message: the files from a route to the module at fault. */
import { packageOf } from "./package-paths.ts";

/**
 * The files from the entry to a key.
 * @param from the first importer of each key, as a search found them; the entry's importer is ""
 */
export function pathFromEntry(from: ReadonlyMap<string, string>, key: string): readonly string[] {
  const path: string[] = [];
  for (let step = key; step !== ""; step = from.get(step) ?? "") path.unshift(step);
  return path;
}

/** Keys and paths of generated modules, which are not in messages. */
const generated = /^(?:(?:portico|native|require|external):|(?:entry|function|trunk)\/|<)/;

/**
 * `, imported by functions/a.ts → functions/_lib/db.ts → half`: the app's files by path and packages by name.
 * @param path from the entry to the module at fault
 * @param route the route's file, where the entry does not import it in the same bundle
 */
export function chainText(path: readonly string[], route?: string): string {
  const names = path.filter((key) => !generated.test(key)).map((key) => packageOf(key) ?? key);
  const all = route !== undefined && !names.includes(route) ? [route, ...names] : names;
  const chain = all.filter((name, index) => name !== all[index - 1]);
  return chain.length ? `, imported by ${chain.join(" → ")}` : "";
}
