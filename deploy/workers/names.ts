/** Names, tags, annotations and bindings of everything that a release has on Cloudflare. */
import { UserError } from "../../framework/model/user-error.ts";
import type { Owner } from "../parts.ts";

// `^[a-z][a-z0-9-]{0,62}$` (API docs, Workers scripts); on workers.dev it is also a DNS label, which may have 63.
const longest = 63;

/** `app--stage`: app and stage hold no "--", so the name can be split again. Throws UserError NAME_TOO_LONG. */
export function scriptName({ app, stage }: Owner): string {
  const name = `${app}--${stage}`;
  if (name.length <= longest) return name;
  throw new UserError(
    "NAME_TOO_LONG",
    `the app's and the stage's names have ${name.length - 2} characters together, and Cloudflare leaves room ` +
      `for ${longest - 2}`,
    `Shorten "name" in hosting.json or the stage's name.`,
  );
}

/** The script's tags; a Worker may have eight. */
export const ownerTags = ({ app, stage }: Owner): readonly string[] => [`portico:app=${app}`, `portico:stage=${stage}`];

/** True when the tags name exactly this app and stage; only then may a Worker be changed. */
export const isOurs = (owner: Owner, tags: readonly string[] = []): boolean =>
  ownerTags(owner).every((tag) => tags.includes(tag));

/** A Worker of our name that is not ours. */
export function nameTaken(name: string): UserError {
  return new UserError(
    "NAME_TAKEN",
    `${name} exists in the account, and its tags do not name this app and stage`,
    `Rename the app or the stage, or tag that Worker yourself: ${ownerTags({ app: "APP", stage: "STAGE" }).join(" ")}`,
  );
}

/** A version's `workers/tag`, at most 100 bytes: the release that it is, found again in lists. */
export const releaseTag = (number: number, hash: string): string => `portico release ${number} ${hash}`;

/** Tags of the placeholder before the first release, and of versions that only carry secrets. */
export const placeholderTag = "portico placeholder";
export const secretsTag = "portico secrets";

/** The release in a version's tag. */
export function taggedRelease(tag: string | undefined): { readonly number: number; readonly hash: string } | undefined {
  const [, number, hash] = /^portico release ([1-9]\d{0,8}) ([0-9a-f]{64})$/.exec(tag ?? "") ?? [];
  return number && hash ? { number: Number(number), hash } : undefined;
}

/** Portico's own bindings; no other name may begin with `PORTICO_` (framework/config/hosting-rules.ts). */
export const bindingNames = {
  files: "PORTICO_FILES",
  /** The secret that signs upload forms. */
  filesKey: "PORTICO_FILES_KEY",
  /** Which configurations of Hyperdrive belong to the secrets. */
  hyperdrive: "PORTICO_HYPERDRIVE",
  jobs: "PORTICO_JOBS",
  release: "PORTICO_RELEASE",
  secrets: "PORTICO_SECRETS",
  store: "PORTICO_STORE",
  version: "PORTICO_VERSION",
} as const;

/** The module that holds a release's record; no module imports it, so no request can reach it. */
export const recordModule = "portico-release.json";

/** In a request the id of a version; in the answer too, if that version gave it (framework/runtime/workers.ts). */
export const versionHeaderName = "portico-version";

/**
 * Headers that route a request to one version of a deployment and request its version header (version overrides; RFC
 * 8941 section 3.2).
 */
export const overrideHeaders = (script: string, version: string): Readonly<Record<string, string>> => ({
  "cloudflare-workers-version-overrides": `${script}="${version}"`,
  [versionHeaderName]: version,
});
