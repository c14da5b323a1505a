/**
 * The job "digest": hosting.json runs it each midnight. It may run twice for one night, and then counts the same day
 * again.
 */
import type { Job } from "portico/jobs";
import { keepDigest } from "../_lib/digest.ts";
import { entriesOf } from "../_lib/entries.ts";

const day = 86_400_000;

export default (async (_data, context) => {
  // Now, if it was started by hand.
  const until = (context.scheduled ?? new Date()).getTime();
  const names = new Set<string>();
  let entries = 0;
  for await (const { name } of entriesOf(context, until - day, until)) {
    entries += 1;
    names.add(name);
  }
  await keepDigest(context, { entries, names: names.size, until });
}) satisfies Job;
