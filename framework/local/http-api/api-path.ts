/** The path that an HTTP API's routes and events see: a request target in, that path out; undefined where the API itself answers 400. */

/**
 * Decoded, cut at a question mark that stands in it then, and decoded once more: so `%2F` and `%252F` are slashes, what follows `%3F` is
 * gone, and a `%25` that is no escape after the first time is refused. Ten paths sent to a live API say so (captured 2026 by
 * hotsock/voker, vokerhttp/testdata/ingress-paths.json); AWS documents nothing of it.
 */
export function apiPath(target: string): string | undefined {
  const [path = ""] = target.split("?", 1);
  try {
    const [once = ""] = decodeURIComponent(path).split("?", 1);
    return decodeURIComponent(once);
  } catch {
    return undefined;
  }
}
