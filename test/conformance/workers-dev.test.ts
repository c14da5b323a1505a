/** Runs the conformance list on `portico dev` for Workers. */
// @module-tag check
import { conformance } from "./conformance.ts";
import { workersDev } from "./runtimes/workers-dev.ts";

conformance(workersDev);
