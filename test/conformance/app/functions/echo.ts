/** `/echo` says what the handler saw. */
import type { Handler } from "portico";
import { seen } from "./_lib/answer.ts";

const echo: Handler = async (request) => Response.json(await seen(request));

export { echo as DELETE, echo as GET, echo as PATCH, echo as POST, echo as PUT };
