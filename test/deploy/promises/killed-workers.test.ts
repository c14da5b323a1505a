/** Killed commands and their repetition, on Cloudflare Workers. */
// @module-tag check
import { killedAnywhere } from "./killed.ts";
import { workers } from "./workers.ts";

killedAnywhere(workers);
