/** Runs the conformance list on a real AWS account, if `PORTICO_CLOUD=aws`, AWS_REGION and credentials are set. */
// @module-tag check
import { describe } from "vitest";
import { conformance } from "./conformance.ts";
import { aws } from "./runtimes/aws.ts";

describe.skipIf(process.env["PORTICO_CLOUD"] !== "aws")("a real account (not run without PORTICO_CLOUD=aws)", () => {
  conformance(aws);
});
