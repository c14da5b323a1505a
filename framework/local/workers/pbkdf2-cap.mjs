/** Runs in workerd, first in every isolate: from here on PBKDF2 takes no more iterations than Cloudflare's does. */
/* PORTICO_DERIVES_KEYS is replaced when the isolate is made. Cloudflare refuses more than 100,000; workerd alone does not (facts/cloudflare.md section 3). */

const tooMany = (iterations) =>
  new DOMException(`Pbkdf2 failed: iteration counts above 100000 are not supported (requested ${iterations}).`, "NotSupportedError");
const { subtle } = crypto;
for (const name of ["deriveBits", "deriveKey"]) {
  const derive = subtle[name].bind(subtle);
  Object.defineProperty(subtle, name, {
    value: (algorithm, ...rest) => {
      if (algorithm?.name?.toUpperCase?.() !== "PBKDF2" || algorithm.iterations <= 100_000) return derive(algorithm, ...rest);
      return Promise.reject(tooMany(algorithm.iterations));
    },
  });
}
/* Loading node:crypto doubles the time of a new isolate (7 to 15 ms), so only where the code names pbkdf2; without nodejs_compat there is none. */
const nodeCrypto = PORTICO_DERIVES_KEYS && globalThis.process?.getBuiltinModule?.("node:crypto");
for (const name of nodeCrypto ? ["pbkdf2", "pbkdf2Sync"] : []) {
  const derive = nodeCrypto[name];
  nodeCrypto[name] = (password, salt, iterations, ...rest) => {
    if (iterations > 100_000) throw tooMany(iterations);
    return derive(password, salt, iterations, ...rest);
  };
}
