/** The front "HTTP API, payload 2.0" on web classes that hand a whole answer over (framework/light does); on others it is the plain one. */
import { type HttpApiEvent, type HttpApiResult, type MakeRequest, openHttpApi, toHttpApi } from "./http-api.ts";
import type { Opened } from "./lambda-handler.ts";
import { escapePath } from "./path.ts";

/** An answer of text without a copy and without a promise: headers but cookies by name, none of them an encoding; a well-formed body. */
interface Whole {
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string;
}

const [open, whole] = [Symbol.for("portico.open"), Symbol.for("portico.whole")] as const;

/** What such classes have. A response is undefined where it has to be asked in the standard's way. */
type LightRequestClass = { readonly [open]?: MakeRequest };
type LightResponseClass = { readonly [whole]?: (response: Response) => Whole | undefined };

/** As `openHttpApi`. */
export const openLightHttpApi = (event: HttpApiEvent): Opened<HttpApiResult> => {
  const [request, clientAddress] = openHttpApi(event, escapeAny, (Request as unknown as LightRequestClass)[open]);
  return [request, clientAddress, toResult];
};

/** Most paths have nothing to escape. */
const escapeAny = (path: string): string => (/[^\w/.-]/.test(path) ? escapePath(path) : path);

/** What `toHttpApi` makes of the same answer, a text without a look at its bytes. */
const toResult = (response: Response): HttpApiResult | Promise<HttpApiResult> => {
  const answer = (Response as unknown as LightResponseClass)[whole]?.(response);
  return answer ? { statusCode: response.status, ...answer, isBase64Encoded: false } : toHttpApi(response);
};
