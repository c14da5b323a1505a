/** The conformance list, on the local cloud after a deploy. */
import { conformance } from "./conformance.ts";
import { localCloud } from "./runtimes/local-cloud.ts";

conformance(localCloud);
