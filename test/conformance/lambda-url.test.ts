/** Runs the conformance list on the Lambda emulation behind a function URL. */
// @module-tag check
import { conformance } from "./conformance.ts";
import { lambdaUrl } from "./runtimes/lambda-url.ts";

conformance(lambdaUrl);
