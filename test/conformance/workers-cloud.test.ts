/** The conformance list, on the local Cloudflare after a deploy. */
import { conformance } from "./conformance.ts";
import { workersCloud } from "./runtimes/workers-cloud.ts";

conformance(workersCloud);
