/** Runs the cases of files on `portico dev` for Node, and on releases to the local AWS and the local Cloudflare. */
// @module-tag check
import { describe } from "vitest";
import { localCloud } from "../runtimes/local-cloud.ts";
import { nodeDev } from "../runtimes/node-dev.ts";
import { workersCloud } from "../runtimes/workers-cloud.ts";
import { fileCases } from "./file-cases.ts";

describe.each([nodeDev, localCloud, workersCloud])("on $name", (runtime) => {
  fileCases(runtime);
});
