/** What a function URL answers by itself: a request's id in, WireResponses out. */
import type { WireHeaders, WireResponse } from "../../model/wire.ts";

/** On every answer, the function's too. */
export const idHeader = (requestId: string): WireHeaders => [["x-amzn-requestid", requestId]];

const json = (status: number, requestId: string, body: string | Uint8Array): WireResponse => ({
  status,
  headers: [["content-type", "application/json"], ...idHeader(requestId)],
  body: typeof body === "string" ? Buffer.from(body) : body,
});

/** The request is an event of over 6 MB. The text is Invoke's; that it is the URL's, too, is believed. */
export const tooLarge = (requestId: string): WireResponse =>
  json(413, requestId, `{"Message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}`);

/** Too many events at once. @param body as Invoke answers */
export const throttled = (requestId: string, body: Uint8Array): WireResponse => json(429, requestId, body);

/** A function error of any kind, a timeout among them, or an answer that is none. The text is believed. */
export const badGateway = (requestId: string): WireResponse => json(502, requestId, "Internal Server Error");

/** Nobody, or not everybody, may call it (developer guide, "Control access to Lambda function URLs"). */
export const forbidden = (requestId: string): WireResponse =>
  json(
    403,
    requestId,
    `{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}`,
  );
