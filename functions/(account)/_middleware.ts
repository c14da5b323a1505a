/** Around everything in this group: sessions, and a check of where forms come from. */
import { sessions } from "../_lib/sessions.ts";

export default sessions;
