/** Serves the static files in a Lambda function's own zip, alone or in front of the app's routes. */
import { answerAsset, type AssetInfo, assetTable, createAssets, type ReadAsset } from "./assets.ts";
import { readRange } from "./range-reader.ts";
import type { Fetch } from "./route-function.ts";

/**
 * Serves static files alone.
 * @param moduleUrl `assets.json` beside it is read now, the files in `assets/` when they are requested
 */
export function lambdaAssets(moduleUrl: string): Fetch {
  const fs = process.getBuiltinModule("fs");
  // Lambda buffers the response anyway, and a file has at most 4.4 MB.
  return createAssets(readTable(moduleUrl), async ({ file }, first, end) =>
    (await fs.promises.readFile(new URL(`assets/${file}`, moduleUrl))).subarray(first, end),
  );
}

/**
 * Serves the app and its static files, in the order of an HTTP API's route keys: a file at its own path, then the
 * routes, then folders and the 404.
 * @param routes makes the router, which calls `notFound` where no route matches
 */
export function lambdaApp(moduleUrl: string, routes: (notFound: Fetch) => Fetch): Fetch {
  const assets = readTable(moduleUrl);
  const table = assetTable(assets);
  const { open } = process.getBuiltinModule("fs").promises;
  const read: ReadAsset = async ({ file }, first, end) =>
    readRange(await open(new URL(`assets/${file}`, moduleUrl)), file, first, end);
  const app = routes(createAssets(assets, read));
  return (request, call) => {
    // The Request has normalised the path, and the adapter has made it canonical.
    const [, path = "/"] = /^[^/]+\/\/[^/]*([^?#]*)/.exec(request.url) ?? [];
    const exact = table.get(path);
    return exact ? answerAsset(request, exact, read) : app(request, call);
  };
}

function readTable(moduleUrl: string): readonly AssetInfo[] {
  const text = process.getBuiltinModule("fs").readFileSync(new URL("assets.json", moduleUrl), "utf8");
  return JSON.parse(text) as readonly AssetInfo[];
}
