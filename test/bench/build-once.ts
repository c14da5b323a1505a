/** One build in a process of its own, whose memory is measured: a root and who builds as arguments in. */
import { buildGenerated } from "./build-generated.ts";
import { buildRaw } from "./build-raw.ts";

const [root = "", who] = process.argv.slice(2);
await (who === "raw" ? buildRaw(root, "lambda") : buildGenerated(root, "lambda"));
