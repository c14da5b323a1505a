/**
 * The Lambda adapters of Portico's lightweight web classes (framework/web-classes), which open events and send text
 * without a copy or a promise.
 */
import { type HttpApiEvent, type HttpApiResult, type MakeRequest, openEvent, toHttpApi } from "./http-api.ts";
import type { ClientRequest, OpenedEvent } from "./lambda-handler.ts";
import { type ResponseStream, writeResponse } from "./lambda-stream.ts";
import { canonicalPath, escapePath } from "./path.ts";

/** A response of text: its headers by name, none of which is an encoding, its cookies, and a well-formed body. */
interface TextResponse {
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string;
}

const brand = Symbol.for("portico.light");

/** Only the lightweight classes have these methods. */
type LightRequestClass = { readonly [brand]?: MakeRequest };
type LightResponseClass = { readonly [brand]?: (response: Response) => TextResponse | undefined };

/**
 * Opens an event with the lightweight Request if it is in use, else with the platform's.
 * @param escape for paths with characters to escape, which most do not have
 */
const openLight = (event: HttpApiEvent, escape: (path: string) => string): ClientRequest =>
  openEvent(
    event,
    (path) => (/[^\w/.-]/.test(path) ? escape(path) : path),
    (Request as unknown as LightRequestClass)[brand],
  );

/**
 * Reads a response of text and marks its body as used. Undefined for any other response, which must be read as usual.
 */
const takeText = (response: Response): TextResponse | undefined =>
  (Response as unknown as LightResponseClass)[brand]?.(response);

/** Opens an event as `openHttpApi` does. */
export const openLightHttpApi = (event: HttpApiEvent): OpenedEvent<HttpApiResult> => {
  const [request, clientAddress] = openLight(event, escapePath);
  return [request, clientAddress, toResult];
};

/** Makes the same result as `toHttpApi`; that of a text without a look at its bytes. */
const toResult = (response: Response): HttpApiResult | Promise<HttpApiResult> => {
  const text = takeText(response);
  if (!text) return toHttpApi(response);
  // Listed, since a spread would take a tenth of the time of a call.
  const { headers, cookies, body } = text;
  return { statusCode: response.status, headers, cookies, body, isBase64Encoded: false };
};

/** Opens an event as `openFunctionUrl` does. */
export const openLightFunctionUrl = (event: HttpApiEvent): ClientRequest => openLight(event, canonicalPath);

/** Writes a text at once, and any other response as `writeResponse` does. */
export async function writeLightResponse(response: Response, stream: ResponseStream, requestId: string): Promise<void> {
  const text = takeText(response);
  if (!text) return writeResponse(response, stream, requestId);
  const { headers, cookies, body } = text;
  const out = awslambda.HttpResponseStream.from(stream, { statusCode: response.status, headers, cookies });
  // An empty body, too, since the write sends the prelude.
  out.write(body);
  out.end();
}
