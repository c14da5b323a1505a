/** The Lambda front "function URL": like an HTTP API's payload 2.0, but its rawPath is the client's, still escaped. */
import { type HttpApiEvent, openEvent } from "./http-api.ts";
import type { Asked } from "./lambda-handler.ts";
import { canonicalPath } from "./path.ts";

/** Its host says which of the two it is: `<id>.lambda-url.<region>.on.aws`, in China `….amazonaws.com.cn`. */
export const isFunctionUrl = ({ requestContext }: HttpApiEvent): boolean => /^[\w-]+\.lambda-url\./.test(requestContext.domainName);

/** Throws on a malformed escape in the path. */
export const openFunctionUrl = (event: HttpApiEvent): Asked => openEvent(event, canonicalPath);
