/** The three targets: the platforms that functions are built for. */

/** `lambda` | `workers` | `node`. */
export type Target = (typeof targets)[number];

/** All targets, in the order they are listed to people. */
export const targets = ["lambda", "workers", "node"] as const;
