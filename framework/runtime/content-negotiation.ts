/** Content negotiation: reads the Accept-Encoding and Accept headers (RFC 9110 section 12.5). */

/**
 * Chooses the encoding that the client gives the greatest weight (RFC 9110 section 12.5.3). Undefined stands for no
 * encoding, also for a client that accepts none of these. A malformed member of the header is ignored.
 * @param encodings the ones there are, best first
 */
export function chooseEncoding<E extends string>(header: string | null, encodings: readonly E[]): E | undefined {
  const weights = weightsOf(header ?? "");
  const weightOf = (name: string): number | undefined => weights.get(name) ?? weights.get("*");
  // Without a weight of its own, identity is the last choice.
  let [best, most]: readonly [E | undefined, number] = [undefined, weights.get("identity") ?? 0];
  for (const encoding of encodings) {
    const weight = weightOf(encoding) ?? (encoding === "gzip" ? weights.get("x-gzip") : undefined) ?? 0;
    if (weight > 0 && (weight > most || (weight === most && best === undefined))) [best, most] = [encoding, weight];
  }
  return best;
}

/**
 * True if Accept names text/html with a weight above 0, as browsers do for pages; a wildcard alone does not count.
 */
export const acceptsHtml = (header: string | null): boolean => (weightsOf(header ?? "").get("text/html") ?? 0) > 0;

/**
 * True for a client that takes this media type: its own weight counts before that of `type/*`, and that before that of
 * any type (section 12.5.1). A header that says nothing takes all.
 */
export function acceptsType(header: string | null, type: string): boolean {
  const weights = weightsOf(header ?? "");
  const ranges = [type, type.replace(/\/.*/, "/*"), "*/*"];
  return weights.size === 0 || ranges.map((range) => weights.get(range)).find((weight) => weight !== undefined)! > 0;
}

/** Names in lower case with their weights, 1 by default (RFC 9110 section 12.4.2). */
function weightsOf(header: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const member of header.toLowerCase().split(",")) {
    const [name = "", ...parameters] = member.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    if (name !== "" && /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight)) weights.set(name, Number(weight));
  }
  return weights;
}
