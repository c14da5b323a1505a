/** The build for the Node server: a module whose default export is the app's fetch function. */
import { readAppFiles } from "../app-files.ts";
import type { Bundle, BundleInput } from "../bundle.ts";
import { bundleWithSplitting } from "../workers/code-splitting.ts";

/** Adds a package.json that makes the `.js` files ES modules, whatever the app's own package.json contains. */
export async function buildNode(input: BundleInput): Promise<Bundle> {
  const { files, ...described } = await bundleWithSplitting(input, "node", []);
  return {
    files: new Map([
      ...readAppFiles(input.app.root, input.app.files),
      ...[...files].map(
        ([name, bytes]) => [name, name.endsWith(".js.map") ? withSourceRoot(name, bytes) : bytes] as const,
      ),
      ["package.json", Buffer.from(`{"type":"module"}\n`)],
    ]),
    ...described,
    main: "index.js",
  };
}

/** Sources are named relative to the app's folder, and Node takes them from the map's, below .portico/build/node. */
function withSourceRoot(name: string, map: Uint8Array): Buffer {
  const sourceRoot = JSON.stringify("../".repeat(name.split("/").length + 2));
  return Buffer.concat([Buffer.from(`{\n  "sourceRoot": ${sourceRoot},`), map.subarray(1)]);
}
