/** The front "function URL" on web classes that hand a whole answer over (framework/light does); on others it is the plain one. */
import type { HttpApiEvent } from "./http-api.ts";
import type { Asked } from "./lambda-handler.ts";
import { openLight, takeWhole } from "./light-classes.ts";
import { canonicalPath } from "./path.ts";
import { type ResponseStream, writeResponse } from "./response-stream.ts";

/** As `openFunctionUrl`. */
export const openLightFunctionUrl = (event: HttpApiEvent): Asked => openLight(event, canonicalPath);

/** As `writeResponse`, which is what becomes of anything but a text: no stream is made to read one from. */
export async function writeLightResponse(response: Response, stream: ResponseStream): Promise<void> {
  const answer = takeWhole(response);
  if (!answer) return writeResponse(response, stream);
  const { headers, cookies, body } = answer;
  const out = awslambda.HttpResponseStream.from(stream, { statusCode: response.status, headers, cookies });
  // Even an empty one: it sends the prelude.
  out.write(body);
  out.end();
}
