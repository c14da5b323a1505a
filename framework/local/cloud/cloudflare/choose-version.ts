/** Which version of a deployment answers a request: shares and headers in, a version's id out (docs: gradual deployments, version overrides). */
import { createHash } from "node:crypto";
import type { WireHeaders } from "../../../model/wire.ts";
import { headerValues } from "../../guard.ts";
import type { Share } from "./records.ts";

/** @param roll a number from 0 to 1, for requests without a key */
export function chooseVersion(script: string, shares: readonly Share[], headers: WireHeaders, roll: number): string | undefined {
  const wanted = overrideFor(script, headerValues(headers, "cloudflare-workers-version-overrides").join(", "));
  // One that is not in the deployment is as if it were not asked for; 0 % is in it.
  if (wanted !== undefined && shares.some(({ version_id }) => version_id === wanted)) return wanted;
  const [key] = headerValues(headers, "cloudflare-workers-version-key");
  const point = 100 * (key === undefined ? roll : pointOf(script, key));
  // In the order of the deployment: a share that grows keeps the keys it had.
  let sum = 0;
  for (const { version_id, percentage } of shares) {
    sum += percentage;
    if (point < sum) return version_id;
  }
  return shares.findLast(({ percentage }) => percentage > 0)?.version_id;
}

/** A key's place from 0 to 1, the same for ever. */
function pointOf(script: string, key: string): number {
  return createHash("sha256").update(`${script}\n${key}`).digest().readUIntBE(0, 6) / 2 ** 48;
}

/** A dictionary of strings (RFC 8941 section 3.2); a header that is none of that says nothing. */
function overrideFor(script: string, header: string): string | undefined {
  let rest = header.trim();
  let found: string | undefined;
  while (rest !== "") {
    const member = /^([a-z*][a-z0-9_.*-]*)="((?:[^"\\]|\\["\\])*)"[ \t]*(,[ \t]*|$)/.exec(rest);
    if (!member) return undefined;
    const [whole, name, value = "", comma] = member;
    rest = rest.slice(whole.length);
    if (comma !== "" && rest === "") return undefined;
    if (name === script) found = value.replaceAll(/\\(["\\])/g, "$1");
  }
  return found;
}
