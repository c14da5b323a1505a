/** Which package a file belongs to: its name, and its folder in node_modules. */

/** The package folder of a file, such as `node_modules/ws`; undefined for the app's own files. */
export const packageFolder = (path: string): string | undefined =>
  /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/|$)/.exec(path.replaceAll("\\", "/"))?.[0];

/** The package name of a file, such as `ws` or `@scope/name`; undefined for the app's own files. */
export const packageOf = (path: string): string | undefined =>
  /.*node_modules\/(?<name>(?:@[^/]+\/)?[^/]+)/.exec(path.replaceAll("\\", "/"))?.groups?.["name"];
