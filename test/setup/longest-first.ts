/** The order of the test files: those that take minutes come first, so that no worker idles beside the last one. */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Longest first. A new checkout has no durations of a run before, and vitest would start with the largest files. */
const longest = [
  "test/packages/packages.test.ts",
  "test/deploy/promises/killed-workers.test.ts",
  "test/deploy/promises/killed-http-api.test.ts",
  "test/deploy/promises/killed-function-url.test.ts",
  "test/deploy/promises/faults.test.ts",
  "test/e2e/killed.test.ts",
  "test/deploy/promises/deployers.test.ts",
  "test/cloud/aws/aws-cli.test.ts",
  "test/cloud/cloudflare/wrangler.test.ts",
  "test/conformance/lambda-ric.test.ts",
];

const rankOf = ({ moduleId }: TestSpecification): number => {
  const at = longest.findIndex((file) => moduleId.replaceAll("\\", "/").endsWith(`/${file}`));
  return at < 0 ? longest.length : at;
};

/** vitest's own order behind the longest files. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}
