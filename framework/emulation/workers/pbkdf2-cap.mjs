/** Runs first in every workerd isolate: limits PBKDF2 to as many iterations as Cloudflare allows. */
/*
 * PORTICO_DERIVES_KEYS is replaced when the isolate is made. Cloudflare refuses more than 100,000 iterations (Workers
 * documentation, "Web Crypto"); a local workerd does not.
 */

const tooMany = (iterations) =>
  new DOMException(
    `Pbkdf2 failed: iteration counts above 100000 are not supported (requested ${iterations}).`,
    "NotSupportedError",
  );
const { subtle } = crypto;
for (const name of ["deriveBits", "deriveKey"]) {
  const derive = subtle[name].bind(subtle);
  Object.defineProperty(subtle, name, {
    value: (algorithm, ...rest) => {
      if (algorithm?.name?.toUpperCase?.() !== "PBKDF2" || algorithm.iterations <= 100_000)
        return derive(algorithm, ...rest);
      return Promise.reject(tooMany(algorithm.iterations));
    },
  });
}
/*
 * Loading node:crypto doubles the start time of an isolate (7 to 15 ms), so it is loaded only where the code names
 * pbkdf2; without nodejs_compat it does not exist.
 */
const nodeCrypto = PORTICO_DERIVES_KEYS && globalThis.process?.getBuiltinModule?.("node:crypto");
for (const name of nodeCrypto ? ["pbkdf2", "pbkdf2Sync"] : []) {
  const derive = nodeCrypto[name];
  nodeCrypto[name] = (password, salt, iterations, ...rest) => {
    if (iterations > 100_000) throw tooMany(iterations);
    return derive(password, salt, iterations, ...rest);
  };
}
