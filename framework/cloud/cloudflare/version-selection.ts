/** Selects the version of a deployment that answers a request (docs: gradual deployments, version overrides). */
import { createHash } from "node:crypto";
import { headerValues, type HttpHeaders } from "../../model/http-message.ts";
import type { Share } from "./records.ts";

/** @param random a number from 0 to 1, for requests without a `Cloudflare-Workers-Version-Key` */
export function selectVersion(
  script: string,
  shares: readonly Share[],
  headers: HttpHeaders,
  random: number,
): string | undefined {
  const override = overrideFor(script, headerValues(headers, "cloudflare-workers-version-overrides").join(", "));
  // An override counts only for a version of the deployment, even one with 0 %.
  if (override !== undefined && shares.some(({ version_id }) => version_id === override)) return override;
  const [key] = headerValues(headers, "cloudflare-workers-version-key");
  const point = 100 * (key === undefined ? random : fractionOf(script, key));
  // Shares are in the order of the deployment, so that one that grows keeps its keys.
  let sum = 0;
  for (const { version_id, percentage } of shares) {
    sum += percentage;
    if (point < sum) return version_id;
  }
  return shares.findLast(({ percentage }) => percentage > 0)?.version_id;
}

/** Maps a key to a number from 0 to 1, always the same. */
function fractionOf(script: string, key: string): number {
  return createHash("sha256").update(`${script}\n${key}`).digest().readUIntBE(0, 6) / 2 ** 48;
}

/** The override header is a dictionary of strings (RFC 8941 section 3.2); another form is ignored. */
function overrideFor(script: string, header: string): string | undefined {
  let rest = header.trim();
  let found: string | undefined;
  while (rest !== "") {
    const member = /^([a-z*][a-z0-9_.*-]*)="((?:[^"\\]|\\["\\])*)"[ \t]*(,[ \t]*|$)/.exec(rest);
    if (!member) return undefined;
    const [matched, name, value = "", comma] = member;
    rest = rest.slice(matched.length);
    if (comma !== "" && rest === "") return undefined;
    if (name === script) found = value.replaceAll(/\\(["\\])/g, "$1");
  }
  return found;
}
