/** Runs the cases of files on `portico dev` for Node, and on a release to the local Cloudflare. */
// @module-tag check
import { describe } from "vitest";
import { nodeDev } from "../runtimes/node-dev.ts";
import { workersCloud } from "../runtimes/workers-cloud.ts";
import { fileCases } from "./file-cases.ts";

describe.each([nodeDev, workersCloud])("on $name", (runtime) => {
  fileCases(runtime);
});
