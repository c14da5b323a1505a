/** `portico/extension`, for packages under "extensions" of hosting.json; a build gives each a module of its own. */

/**
 * The settings of the package that calls this, as hosting.json has them at this stage: checked by the package's schema,
 * and a new value at each call. Throws Error outside of a build, where no hosting.json says what they are.
 */
export function settings<Settings extends object>(): Settings {
  throw new Error("portico/extension knows no settings outside of a build: pass them to the extension, or use testApp");
}
