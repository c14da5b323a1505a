/** Asks an address which version answers there: a candidate is asked nothing else before it is the one that does. */
import { UserError } from "../../framework/model/user-error.ts";
import type { Candidate } from "../platform.ts";
import type { Clock } from "../clock.ts";
import { isBroken } from "./cloudflare-error.ts";
import { polling } from "../retrying.ts";

/** A path that no static file has; the adapter answers it to whoever knows the version's id (framework/runtime/workers.ts). */
const path = "/.portico/version";

/** Milliseconds; a new deployment takes "a couple of seconds" to be everywhere, a fresh domain's certificate longer. */
const patience = 120_000;

/** An override that is not applied is ignored in silence (docs: version overrides), so it is tried until it is. Throws UserError PROBE_FAILED. */
export async function probe(clock: Clock, candidate: Candidate): Promise<void> {
  let found = "no answer";
  const ask = async (): Promise<boolean> => {
    try {
      const response = await fetch(candidate.url + path, {
        headers: candidate.headers ?? {},
        redirect: "manual",
        signal: AbortSignal.timeout(35_000),
      });
      await response.body?.cancel();
      found = `status ${response.status} of another version`;
      return response.headers.get("portico-version") === candidate.ref;
    } catch (error) {
      if (!isBroken(error)) throw error;
      return false;
    }
  };
  try {
    await polling({ clock, limit: patience }, "the candidate", ask, (isThere) => isThere);
  } catch (cause) {
    throw new UserError(
      "PROBE_FAILED",
      `release ${candidate.number} does not answer at ${candidate.url}: ${found}`,
      "what is live was not touched; portico logs shows what it printed; when the address is new, deploy again in a few minutes",
      { cause },
    );
  }
}
