/** The conformance list on a real AWS account, for who has one: `PORTICO_CLOUD=aws`, AWS_REGION and credentials. Without them it is not run. */
import { describe } from "vitest";
import { conformance } from "./conformance.ts";
import { aws } from "./runtimes/aws.ts";

describe.skipIf(process.env["PORTICO_CLOUD"] !== "aws")("a real account (not run without PORTICO_CLOUD=aws)", () => {
  conformance(aws);
});
