/** Runs the conformance list with AWS's own runtime client. */
// @module-tag check
import { conformance } from "./conformance.ts";
import { lambdaRic } from "./runtimes/lambda-ric.ts";

conformance(lambdaRic);
