/** Killed commands and their repetition, on a function URL. */
// @module-tag check
import { killedAnywhere } from "./killed.ts";
import { lambdaUrl } from "./lambda.ts";

killedAnywhere(lambdaUrl);
