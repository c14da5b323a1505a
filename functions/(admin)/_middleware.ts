/**
 * Forms of other sites are turned away from everything in this group: Hono's own middleware compares their Origin with
 * ours.
 */
import { csrf } from "hono/csrf";

export default csrf();
