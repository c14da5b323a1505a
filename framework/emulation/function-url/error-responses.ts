/** The responses of a function URL itself: throttling, function errors, too large or forbidden requests. */
import type { HttpHeaders, HttpResponse } from "../../model/http-message.ts";

/** A header of every response, the function's too. */
export const idHeader = (requestId: string): HttpHeaders => [["x-amzn-requestid", requestId]];

const json = (status: number, requestId: string, body: string | Uint8Array): HttpResponse => ({
  status,
  headers: [["content-type", "application/json"], ...idHeader(requestId)],
  body: typeof body === "string" ? Buffer.from(body) : body,
});

/** The request makes an event of over 6 MB. AWS documents the text for Invoke, not for URLs. */
export const tooLarge = (requestId: string): HttpResponse =>
  json(413, requestId, `{"Message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}`);

/** Too many concurrent events. @param body Invoke's */
export const throttled = (requestId: string, body: Uint8Array): HttpResponse => json(429, requestId, body);

/** A function error of any kind, a timeout among them, or a malformed result. AWS does not document the text. */
export const badGateway = (requestId: string): HttpResponse => json(502, requestId, "Internal Server Error");

/** The caller has no permission (developer guide, "Control access to Lambda function URLs"). */
export const forbidden = (requestId: string): HttpResponse =>
  json(
    403,
    requestId,
    '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: ' +
      'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}',
  );
