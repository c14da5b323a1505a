/** The setting of a Worker's logs and traces, which is of the script and of no version. */
import type { App } from "../../framework/model/app.ts";
import type { Owner } from "../parts.ts";
import type { Client } from "./client.ts";
import { ownerTags, scriptName } from "./names.ts";
import type { Script } from "./worker-reads.ts";

/** A Worker's logs are always on (docs: Workers traces; the first setting alone does not turn traces on). */
export const observabilityOf = (traces: App["traces"]): NonNullable<Script["observability"]> => ({
  enabled: true,
  traces: { enabled: traces === true },
});

/** `on`, `on, with traces` or `off`. */
export const logsKey = (observability: Script["observability"]): string =>
  `${observability?.enabled ? "on" : "off"}${observability?.traces?.enabled ? ", with traces" : ""}`;

/** No call where it is as wanted, and before there is a Worker. */
export async function settleLogs(
  client: Client,
  owner: Owner,
  script: Script | undefined,
  traces: App["traces"],
): Promise<void> {
  const observability = observabilityOf(traces);
  if (!script || logsKey(script.observability) === logsKey(observability)) return;
  const path = `/workers/scripts/${scriptName(owner)}/script-settings`;
  const json = { observability, tags: ownerTags(owner) };
  await client.call({ operation: "patchScriptSettings", method: "PATCH", path, json });
}
