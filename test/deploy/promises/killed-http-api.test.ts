/** Killed commands and their repetition, on an HTTP API. */
// @module-tag isolated
import { killedAnywhere } from "./killed.ts";
import { lambda } from "./lambda.ts";

killedAnywhere(lambda);
