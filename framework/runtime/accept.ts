/** What a client takes: its Accept-Encoding or Accept header in, the encoding to send or a yes or no out. */

/**
 * RFC 9110 section 12.5.3: of the encodings there are (best first), the one the client gives the greatest weight; undefined for the
 * bytes as they are, which are also what a client gets that takes nothing else. A member that is malformed counts as not there.
 */
export function chooseEncoding<E extends string>(header: string | null, encodings: readonly E[]): E | undefined {
  const weights = weightsOf(header ?? "");
  const weightOf = (name: string): number | undefined => weights.get(name) ?? weights.get("*");
  // Not named, the plain bytes are the last choice; with a weight of their own they compete.
  let [best, most]: readonly [E | undefined, number] = [undefined, weights.get("identity") ?? 0];
  for (const encoding of encodings) {
    const weight = weightOf(encoding) ?? (encoding === "gzip" ? weights.get("x-gzip") : undefined) ?? 0;
    if (weight > 0 && (weight > most || (weight === most && best === undefined))) [best, most] = [encoding, weight];
  }
  return best;
}

/** True for a client that names text/html in Accept with any weight but 0, as browsers do for pages; a wildcard alone is no browser. */
export const takesHtml = (header: string | null): boolean => (weightsOf(header ?? "").get("text/html") ?? 0) > 0;

/** Section 12.4.2: names in lower case with their weights, 1 where none is given. */
function weightsOf(header: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const member of header.toLowerCase().split(",")) {
    const [name = "", ...parameters] = member.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    if (name !== "" && /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight)) weights.set(name, Number(weight));
  }
  return weights;
}
