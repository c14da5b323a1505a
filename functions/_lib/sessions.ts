/** Middleware of all routes with a session: forms of other sites are turned away, and logouts are kept in the store. */
import { csrf, session } from "portico/session";
import { store } from "portico/store";

export const sessions = [csrf(), session({ idle: "1d", absolute: "30d", store })] as const;
