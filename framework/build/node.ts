/** The build for the Node server: routes in, a module whose default export is the app's fetch out. */
import type { Bundle, BundleInput } from "./bundle.ts";
import { buildSplit } from "./split.ts";

/** The package.json makes the `.js` files ES modules whatever the app's own says. */
export async function buildNode(input: BundleInput): Promise<Bundle> {
  const { files, functions } = await buildSplit(input, "node", []);
  return { files: new Map([...files, ["package.json", Buffer.from(`{"type":"module"}\n`)]]), functions, main: "index.js" };
}
