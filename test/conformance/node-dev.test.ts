/** Runs the conformance list on `portico dev` for Node. */
// @module-tag check
import { conformance } from "./conformance.ts";
import { nodeDev } from "./runtimes/node-dev.ts";

conformance(nodeDev);
