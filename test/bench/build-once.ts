/** One build in a separate process, so that its memory can be measured; arguments: the app's root and the builder. */
import { buildGenerated, buildRaw } from "./builders.ts";

const [root = "", builder] = process.argv.slice(2);
await (builder === "raw" ? buildRaw(root, "lambda") : buildGenerated(root, "lambda"));
