/** The conformance list, in process. */
import { conformance } from "./conformance.ts";
import { inProcess } from "./runtimes/in-process.ts";

conformance(inProcess);
