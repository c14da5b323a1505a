import { csrf, session } from "portico/session";
import { store } from "portico/store";

export default [csrf(), session({ idle: "1h", absolute: "30d", store, login: "/enter" })];
