/** A lock per script: a call that changes a script is refused while another call is changing it, as on Cloudflare. */
import { CloudflareError } from "./cloudflare-error.ts";
import type { AnyOperation } from "./operation.ts";
import type { ApiResult } from "./response-envelope.ts";
import type { CloudflareState } from "./state.ts";

/** Wraps an operation whose path names a script (or a Worker of the beta API). Throws 10035 (409). */
export function withScriptLock(run: AnyOperation): AnyOperation {
  return async (call, state, services): Promise<ApiResult> => {
    const name = scriptNameOf(call.path["script"] ?? call.path["worker"] ?? "", state);
    const { scriptLocks } = services;
    if (scriptLocks.has(name))
      throw new CloudflareError(
        10035,
        409,
        "Multiple attempts to modify a resource occurred at the same time. Please try again.",
      );
    scriptLocks.add(name);
    try {
      return await run(call, state, services);
    } finally {
      scriptLocks.delete(name);
    }
  };
}

/** The beta API also takes a Worker's id. */
function scriptNameOf(given: string, { scripts }: Pick<CloudflareState, "scripts">): string {
  return scripts.get(given) ? given : (scripts.all().find(({ tag }) => tag === given)?.name ?? given);
}
