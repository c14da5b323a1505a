/** The conformance list, on the Workers dev path. */
import { conformance } from "./conformance.ts";
import { workersDev } from "./runtimes/workers-dev.ts";

conformance(workersDev);
