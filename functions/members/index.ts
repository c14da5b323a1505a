/** `/members?as=ada`: reads what the folder's middleware found out. */
import type { Handler } from "portico";

export const GET: Handler = (_request, context) => Response.json({ member: context.var["member"] });
