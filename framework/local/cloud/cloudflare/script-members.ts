/** What belongs to a script and not to its versions (tags, logpush, observability, tail consumers): members in, a checked change out. */
import { isRecord, type Members } from "../members.ts";
import { invalid } from "./cloudflare-error.ts";
import type { ScriptRecord } from "./records.ts";

export type ScriptChange = Partial<Pick<ScriptRecord, "tags" | "logpush" | "observability" | "tailConsumers">>;

/** Most tags of a script, and characters of one (Workers for Platforms limits page). */
const maxTags = 8;
const maxTag = 1024;

export function readScriptMembers(members: Members): ScriptChange {
  const tags = members.texts("tags");
  const logpush = members.flag("logpush");
  const tailConsumers = members.list("tail_consumers");
  const observability = readObservability(members);
  if (tags) checkTags(tags);
  if (tailConsumers?.some((consumer) => !isRecord(consumer) || typeof consumer["service"] !== "string"))
    throw invalid("Every tail consumer must name a service.");
  if (tailConsumers && tailConsumers.length > 0) throw invalid("Portico's local cloud does not speak tail consumers");
  return {
    ...(tags && { tags }),
    ...(logpush !== undefined && { logpush }),
    ...(tailConsumers && { tailConsumers: [] }),
    ...(observability && { observability }),
  };
}

function checkTags(tags: readonly string[]): void {
  if (tags.length > maxTags) throw invalid(`A Worker can have ${maxTags} tags; ${tags.length} were given.`);
  const bad = tags.find((tag) => tag === "" || tag.length > maxTag || /[,&]/.test(tag));
  if (bad !== undefined) throw invalid(`Tag '${bad.slice(0, 50)}' is empty, too long, or has a comma or an ampersand.`);
}

function readObservability(members: Members): Readonly<Record<string, unknown>> | undefined {
  const observability = members.structure("observability");
  if (!observability) return undefined;
  const enabled = observability.flag("enabled");
  if (enabled === undefined) throw invalid("observability must say whether it is enabled.");
  const rate = observability.fraction("head_sampling_rate");
  const logs = observability.value("logs");
  const traces = observability.value("traces");
  const issues = observability.value("issues");
  const redact = observability.flag("redact_query_string");
  observability.end();
  return {
    enabled,
    ...(rate !== undefined && { head_sampling_rate: rate }),
    ...(logs !== undefined && { logs }),
    ...(traces !== undefined && { traces }),
    ...(issues !== undefined && { issues }),
    ...(redact !== undefined && { redact_query_string: redact }),
  };
}
