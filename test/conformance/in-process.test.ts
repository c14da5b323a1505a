/** Runs the conformance list in process. */
// @module-tag isolated
import { conformance } from "./conformance.ts";
import { inProcess } from "./runtimes/in-process.ts";

conformance(inProcess);
