/** The conformance list, under AWS's own runtime client. */
import { conformance } from "./conformance.ts";
import { lambdaRic } from "./runtimes/lambda-ric.ts";

conformance(lambdaRic);
