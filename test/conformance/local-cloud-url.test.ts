/** Runs the conformance list on the local cloud, after a deploy to a function URL. */
// @module-tag check
import { conformance } from "./conformance.ts";
import { localCloudUrl } from "./runtimes/local-cloud-url.ts";

conformance(localCloudUrl);
