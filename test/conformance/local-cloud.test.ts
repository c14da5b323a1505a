/** Runs the conformance list on the local cloud, after a deploy to an HTTP API. */
// @module-tag check
import { conformance } from "./conformance.ts";
import { localCloud } from "./runtimes/local-cloud.ts";

conformance(localCloud);
