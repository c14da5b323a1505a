/** The user's HTTP proxy (HTTP_PROXY, HTTPS_PROXY, NO_PROXY): used for the clouds of an account, never for loopback. */

type Env = Record<string, string | undefined>;

/** Hosts without a proxy, in the forms that Node's two HTTP clients match. The last two are AWS's metadata services. */
const directHosts = ["localhost", "*.localhost", "127.0.0.1", "::1", "[::1]", "169.254.169.254", "169.254.170.2"];

const isSet = (env: Env): boolean =>
  ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].some(
    (name) => env[name] !== undefined && env[name] !== "",
  );

/**
 * Excludes this machine from the proxy. Must run before the first request, since Node with NODE_USE_ENV_PROXY=1 sends
 * loopback requests to the proxy too.
 */
export function bypassProxyLocally(env: Env = process.env): void {
  if (!isSet(env)) return;
  const noProxy = env["no_proxy"] ?? env["NO_PROXY"] ?? "";
  // "*" alone excludes every host. In a list it has no effect.
  if (noProxy.trim() !== "*")
    env["NO_PROXY"] = env["no_proxy"] = [...noProxy.split(/[\s,]+/).filter(Boolean), ...directHosts].join(",");
  // fetch reads the variable for every request, the agent of node:http when it is created.
  const { globalAgent } = process.getBuiltinModule("node:http") as unknown as {
    readonly globalAgent: { readonly options: Env };
  };
  if (globalAgent.options["proxyEnv"] !== undefined) useProxy(env);
}

/** Sends all further requests through the proxy. Needs Node 24.14; NODE_USE_ENV_PROXY=1 does the same below it. */
export function useProxy(env: Env = process.env): void {
  const http: Partial<typeof import("node:http")> = process.getBuiltinModule("node:http");
  if (isSet(env)) http.setGlobalProxyFromEnv?.(env);
}
