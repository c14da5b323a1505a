/** The static files in a Lambda function's own zip: the URL of its module in, a fetch over them out. */
import { type AssetInfo, createAssets } from "./assets.ts";
import type { Fetch } from "./function.ts";

/** Reads `assets.json` beside the module now, and the files in `assets/` when they are asked for. */
export function lambdaAssets(moduleUrl: string): Fetch {
  const fs = process.getBuiltinModule("fs");
  const assets = JSON.parse(fs.readFileSync(new URL("assets.json", moduleUrl), "utf8")) as readonly AssetInfo[];
  // A file is 4.4 MB at most, and an answer is buffered whole by Lambda anyway.
  return createAssets(assets, async ({ file }, first, end) =>
    (await fs.promises.readFile(new URL(`assets/${file}`, moduleUrl))).subarray(first, end),
  );
}
