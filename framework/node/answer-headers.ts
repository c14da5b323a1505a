/** The headers that a server sends of a Response: a response in, names and values in turn out. */

/** RFC 9110 section 7.6.1: they describe a connection, not a message. */
export const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Of what `fetch` gave, these tell of the body before it was decoded. */
const ofEncoded: ReadonlySet<string> = new Set(["content-encoding", "content-length"]);

/** set-cookie is repeated. */
export function answerHeaders(response: Response): string[] {
  const list: string[] = [];
  for (const [name, value] of response.headers)
    if (!ofConnection.has(name) && !(response.url && ofEncoded.has(name))) list.push(name, value);
  return list;
}

/** The same with another length; undefined is none. */
export function withLength(headers: readonly string[], bytes: number | undefined): string[] {
  const others = headers.filter((_, at) => headers[at - (at % 2)] !== "content-length");
  return bytes === undefined ? others : [...others, "content-length", String(bytes)];
}
