/** The signals that ask a process to stop. */

/** Resolves when the user or the system asks this process to stop. */
export function untilStopped(): Promise<void> {
  return new Promise((stop) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop());
  });
}
