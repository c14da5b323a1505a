/** What `killed.ts` says of every command, on an HTTP API. */
import { killedAnywhere } from "./killed.ts";
import { lambda } from "./lambda.ts";

killedAnywhere(lambda);
