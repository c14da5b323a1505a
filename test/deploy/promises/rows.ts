/** One suite, a row for each platform and front. */
import { lambda, lambdaUrl } from "./lambda.ts";
import { workers } from "./workers.ts";
import type { Row } from "./world.ts";

export const rows: readonly Row[] = [lambda, lambdaUrl, workers];
