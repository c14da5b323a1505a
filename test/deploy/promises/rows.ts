/** The rows of the suite of promises: every platform and front. */
import { lambda, lambdaUrl } from "./lambda.ts";
import { workers } from "./workers.ts";
import type { Row } from "./row.ts";

export const rows: readonly Row[] = [lambda, lambdaUrl, workers];
