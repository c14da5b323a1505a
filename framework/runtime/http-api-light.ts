/** The front "HTTP API, payload 2.0" on web classes that hand a whole answer over (framework/light does); on others it is the plain one. */
import { type HttpApiEvent, type HttpApiResult, type MakeRequest, openHttpApi, toHttpApi } from "./http-api.ts";
import type { Opened } from "./lambda-handler.ts";
import { escapePath } from "./path.ts";

/** An answer without a copy and without a promise: headers but cookies by name; a body that nobody else has, texts well-formed. */
interface Whole {
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string | Uint8Array<ArrayBuffer>;
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

const toResult = (response: Response): HttpApiResult | Promise<HttpApiResult> => {
  const answer = (Response as unknown as LightResponseClass)[whole]?.(response);
  return answer ? fromWhole(response.status, answer) : toHttpApi(response);
};

/** What `toHttpApi` makes of the same answer. */
const fromWhole = (statusCode: number, { headers, cookies, body }: Whole): HttpApiResult => {
  const encoded = "content-encoding" in headers;
  if (typeof body === "string" && !encoded) return { statusCode, headers, cookies, body, isBase64Encoded: false };
  const bytes = Buffer.from(body as string);
  const isBase64Encoded = encoded || !process.getBuiltinModule("buffer").isUtf8(bytes);
  return { statusCode, headers, cookies, body: bytes.toString(isBase64Encoded ? "base64" : "utf8"), isBase64Encoded };
};
