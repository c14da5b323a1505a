/** What a Request is given when code makes one: a new request, an init and maybe the request that it is made from in, the new one filled out. */
import { type Body, extract, moveBody } from "./body.ts";
import { dictionary, refuse } from "./convert.ts";
import { copyHeaders, LightHeaders } from "./headers.ts";
import { readOptions } from "./request-options.ts";
import { type LightRequest, setBody, type State, stateOf, toMethod } from "./request.ts";

/** The steps of the standard's constructor after its URL. Throws TypeError. */
export function readInit(request: LightRequest, given: unknown, from: LightRequest | undefined): void {
  const init = dictionary(given);
  const state = stateOf(request);
  const old = from && stateOf(from);
  state.options = readOptions(init, old?.options);
  const { method = old?.method, mode, headers, signal = old?.signal } = init;
  if (method !== undefined) state.method = toMethod(method);
  if (mode === "no-cors" && !/^(GET|HEAD|POST)$/.test(state.method)) refuse(`${state.method} is not for no-cors`);
  if (signal !== undefined && signal !== null)
    state.signal = AbortSignal.any([signal instanceof AbortSignal ? signal : refuse("no AbortSignal")]);
  if (headers !== undefined) state.headers = new LightHeaders(headers);
  else if (from) state.headers = copyHeaders(from.headers);
  if ((init["body"] ?? null) !== null || old?.body) setBody(request, toBody(state, init, old?.body));
}

function toBody({ method, options }: State, { body, duplex }: Readonly<Record<string, unknown>>, inherited: Body | null = null): Body {
  if (/^(GET|HEAD)$/.test(method)) refuse("GET and HEAD have no body");
  const isOwn = (body ?? null) !== null;
  const extracted = isOwn ? extract(body) : inherited!;
  const isRefused = options.mode === "no-cors" || (isOwn && (options.keepalive || (duplex ?? null) === null));
  if (extracted.source === undefined && isRefused) refuse("A stream needs duplex, and neither keepalive nor no-cors");
  return isOwn ? extracted : moveBody(extracted);
}
