/** The folder of the app that a test belongs to. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The nearest folder, from this one up, that has an app; the folder itself where there is none. */
export function nearestApp(folder: string): string {
  const isApp = (one: string): boolean => existsSync(join(one, "hosting.json")) || existsSync(join(one, "functions"));
  let found = resolve(folder);
  while (!isApp(found) && dirname(found) !== found) found = dirname(found);
  return isApp(found) ? found : folder;
}
