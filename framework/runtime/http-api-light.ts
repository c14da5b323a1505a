/** The front "HTTP API, payload 2.0" on web classes that hand a whole answer over (framework/light does); on others it is the plain one. */
import { type HttpApiEvent, type HttpApiResult, toHttpApi } from "./http-api.ts";
import type { Opened } from "./lambda-handler.ts";
import { openLight, takeWhole } from "./light-classes.ts";
import { escapePath } from "./path.ts";

/** As `openHttpApi`. */
export const openLightHttpApi = (event: HttpApiEvent): Opened<HttpApiResult> => {
  const [request, clientAddress] = openLight(event, escapePath);
  return [request, clientAddress, toResult];
};

/** What `toHttpApi` makes of the same answer, a text without a look at its bytes. */
const toResult = (response: Response): HttpApiResult | Promise<HttpApiResult> => {
  const answer = takeWhole(response);
  if (!answer) return toHttpApi(response);
  // Named, since to spread them would take a tenth of all the time here.
  const { headers, cookies, body } = answer;
  return { statusCode: response.status, headers, cookies, body, isBase64Encoded: false };
};
