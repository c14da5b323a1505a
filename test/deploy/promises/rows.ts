/** One suite, a row for each platform. */
import { lambda, lambdaUrl } from "./lambda.ts";
import type { Row } from "./world.ts";

export const rows: readonly Row[] = [lambda, lambdaUrl];
