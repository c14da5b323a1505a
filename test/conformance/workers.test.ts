/** Runs the conformance list on the Workers build, as it is uploaded. */
import { conformance } from "./conformance.ts";
import { workers } from "./runtimes/workers.ts";

conformance(workers);
