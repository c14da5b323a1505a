/** The static files in a Lambda function's own zip: the URL of its module in, a fetch over them, or over them and the app, out. */
import { answerAsset, type AssetInfo, assetTable, createAssets, type ReadAsset } from "./assets.ts";
import { readFilePart } from "./file-part.ts";
import type { Fetch } from "./function.ts";

/** Reads `assets.json` beside the module now, and the files in `assets/` when they are asked for. */
export function lambdaAssets(moduleUrl: string): Fetch {
  const fs = process.getBuiltinModule("fs");
  // A file is 4.4 MB at most, and an answer is buffered whole by Lambda anyway.
  return createAssets(readTable(moduleUrl), async ({ file }, first, end) =>
    (await fs.promises.readFile(new URL(`assets/${file}`, moduleUrl))).subarray(first, end),
  );
}

/**
 * The whole app as one fetch, in the order of the HTTP API's keys: a file at its own path, then the routes, then folders and the 404.
 * @param routes the router around what is nobody's
 */
export function lambdaApp(moduleUrl: string, routes: (nobody: Fetch) => Fetch): Fetch {
  const assets = readTable(moduleUrl);
  const table = assetTable(assets);
  const { open } = process.getBuiltinModule("fs").promises;
  const read: ReadAsset = async ({ file }, first, end) => readFilePart(await open(new URL(`assets/${file}`, moduleUrl)), file, first, end);
  const app = routes(createAssets(assets, read));
  return (request, call) => {
    // Normalised by the Request and made canonical by the front.
    const [, path = "/"] = /^[^/]+\/\/[^/]*([^?#]*)/.exec(request.url) ?? [];
    const exact = table.get(path);
    return exact ? answerAsset(request, exact, read) : app(request, call);
  };
}

function readTable(moduleUrl: string): readonly AssetInfo[] {
  const text = process.getBuiltinModule("fs").readFileSync(new URL("assets.json", moduleUrl), "utf8");
  return JSON.parse(text) as readonly AssetInfo[];
}
