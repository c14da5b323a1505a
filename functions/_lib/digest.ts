/** The guestbook's digest: what was written in a day. The job of that name makes it, the guestbook shows it. */
import { store, type StoreContext } from "portico/store";

export interface Digest {
  readonly entries: number;
  /** How many names there are on them. */
  readonly names: number;
  /** The end of the day, in milliseconds since 1970. */
  readonly until: number;
}

const digests = (context: StoreContext) => store<Digest>(context, "digest");

/** Undefined before the first night. */
export async function readDigest(context: StoreContext): Promise<Digest | undefined> {
  return (await digests(context).get("latest"))?.value;
}

/** A late run for an earlier day changes nothing. */
export async function keepDigest(context: StoreContext, digest: Digest): Promise<void> {
  const kept = await readDigest(context);
  if (kept && kept.until > digest.until) return;
  await digests(context).set("latest", digest);
}
