/** Runs the conformance list on the local Cloudflare, after a deploy. */
// @module-tag check
import { conformance } from "./conformance.ts";
import { workersCloud } from "./runtimes/workers-cloud.ts";

conformance(workersCloud);
