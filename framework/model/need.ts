/** What a function needs of its cloud beyond running: a release makes it, and a role permits it. */

/**
 * `files`: object storage (framework/features/files), which is a bucket on AWS and Cloudflare, a folder on Node.
 * `store`: a key-value store (framework/features/store), which is a table on AWS, a database on Cloudflare, a file on
 * Node. `jobs`: a queue (framework/features/jobs) that it sends to; what runs the jobs needs the store too.
 */
export type Need = "files" | "jobs" | "store";

/** Every need, sorted. Each is a public module, `portico/<need>`, and a folder of framework/features. */
export const allNeeds: readonly Need[] = ["files", "jobs", "store"];
