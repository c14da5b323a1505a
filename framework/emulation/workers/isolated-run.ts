/** Runs a module once in a workerd of its own, without a network, and gives what it answers. */
import { UserError } from "../../model/user-error.ts";
import { localCompatibility } from "./upload-check.ts";
import { loadMiniflare, startIsolated } from "./miniflare.ts";

/**
 * The text that the module's `fetch` answers to one request. Throws UserError MINIFLARE_MISSING, and ISOLATED_RUN where
 * workerd does not start the module.
 * @param date YYYY-MM-DD; the newest that the local workerd has, where it is later
 */
export async function runIsolated(script: string, date: string, flags: readonly string[]): Promise<string> {
  await loadMiniflare();
  const host = await startIsolated(script, localCompatibility(date, flags)).catch((cause: unknown) => {
    const message = `workerd does not start the module: ${(cause as Error).message}`;
    throw new UserError("ISOLATED_RUN", message, "Run portico dev --target workers to see why.", { cause });
  });
  try {
    const response = await fetch(`http://127.0.0.1:${host.port}/`, { signal: AbortSignal.timeout(60_000) });
    const text = await response.text();
    if (response.ok) return text;
    throw new UserError("ISOLATED_RUN", `the module failed in workerd: ${text}`, "Run portico dev --target workers.");
  } finally {
    await host.close();
  }
}
