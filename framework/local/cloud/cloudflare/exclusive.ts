/** One change of a script at a time, as Cloudflare has it: a second one is refused while the first is under way. */
import { CloudflareError } from "./cloudflare-error.ts";
import type { Answer } from "./envelope.ts";
import type { Edge } from "./edge.ts";
import type { Operation } from "./operation.ts";

/** Wraps an operation whose path names a script (or a worker of the beta API). Throws 10035 (409). */
export function exclusive(run: Operation): Operation {
  return async (call, edge): Promise<Answer> => {
    const name = nameOf(call.path["script"] ?? call.path["worker"] ?? "", edge);
    if (edge.busy.has(name))
      throw new CloudflareError(10035, 409, "Multiple attempts to modify a resource occurred at the same time. Please try again.");
    edge.busy.add(name);
    try {
      return await run(call, edge);
    } finally {
      edge.busy.delete(name);
    }
  };
}

/** The beta API also takes a Worker's id. */
function nameOf(given: string, { state }: Edge): string {
  return state.scripts.get(given) ? given : (state.scripts.all().find(({ tag }) => tag === given)?.name ?? given);
}
