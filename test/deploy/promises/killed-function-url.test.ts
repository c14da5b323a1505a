/** What `killed.ts` says of every command, on a function URL. */
import { killedAnywhere } from "./killed.ts";
import { lambdaUrl } from "./lambda.ts";

killedAnywhere(lambdaUrl);
