/** What `killed.ts` says of every command, on Cloudflare Workers. */
import { killedAnywhere } from "./killed.ts";
import { workers } from "./workers.ts";

killedAnywhere(workers);
