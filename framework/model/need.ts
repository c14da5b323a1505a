/** What a function needs of its cloud beyond running: a release makes it, and a role permits it. */

/**
 * `store`: a key-value store (framework/features/store), which is a table on AWS, a database on Cloudflare, a file on
 * Node. `jobs`: a queue (framework/features/jobs) that it sends to; what runs the jobs needs the store too.
 */
export type Need = "jobs" | "store";

/** Every need, sorted. Each is a public module, `portico/<need>`, and a folder of framework/features. */
export const allNeeds: readonly Need[] = ["jobs", "store"];
