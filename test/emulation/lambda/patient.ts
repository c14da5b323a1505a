/**
 * For Lambda runtimes of tests that are not about its limit of ten seconds for a start: a busy machine may need longer.
 */
export const patient = { initLimitMs: 300_000 } as const;
