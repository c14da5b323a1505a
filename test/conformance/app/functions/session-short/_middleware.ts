import { session } from "portico/session";

/** Without a store. */
export default session({ absolute: "1s" });
