/**
 * The types of an app's templates as ambient modules: what data each needs. Patterns are the only way to say what an
 * import of a .jinja file is without a file beside it.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type App, defaultTemplates } from "../model/app.ts";
import { templatePath } from "./template-files.ts";
import { type DataNames, dataNames } from "./templates/data-names.ts";
import { TemplateSyntaxError } from "./templates/syntax-error.ts";

/** The file, relative to the app's root. */
export const templateTypesFile = "templates.d.ts";

/** The text; undefined for an app without templates. */
export function templateTypesText({ root, templates }: Pick<App, "root" | "templates">): string | undefined {
  const folders = ["functions", templates ?? defaultTemplates];
  const patterns = folders.map((folder) => `${folder}/**/*.jinja`);
  const files = [...new Set(globSync(patterns, { cwd: root }).map((file) => file.replaceAll("\\", "/")))].toSorted();
  if (files.length === 0) return undefined;
  const folder = join(root, templates ?? defaultTemplates);
  const declared = files.map((file) =>
    declaration(patternOf(file, files), dataType(familyOf(join(root, file), folder))),
  );
  return [
    "// Written by portico types and by portico dev; portico types --check tells whether it is current.",
    "",
    ...declared,
    declaration("*.jinja", ""),
  ].join("\n");
}

/** A pattern that matches the imports of one file alone: the shortest end of its path that no other has. */
function patternOf(file: string, files: readonly string[]): string {
  const steps = file.split("/");
  const ends = steps.map((_, index) => `/${steps.slice(index).join("/")}`).toReversed();
  const isOwn = (end: string): boolean => files.every((other) => other === file || !`/${other}`.endsWith(end));
  return `*${ends.find(isOwn) ?? `/${file}`}`;
}

const declaration = (pattern: string, data: string): string =>
  [
    `declare module ${JSON.stringify(pattern)} {`,
    `  const template: import("portico").Template${data};`,
    "  export default template;",
    "}",
    "",
  ].join("\n");

/** A template with its parents and parts; undefined where one of them cannot be read: a build says why. */
function familyOf(path: string, folder: string): readonly DataNames[] | undefined {
  const family = new Map<string, DataNames>();
  const left = [path];
  for (const one of left) {
    if (family.has(one)) continue;
    if (!existsSync(one)) return undefined;
    try {
      family.set(one, dataNames(readFileSync(one, "utf8"), one));
    } catch (error) {
      if (error instanceof TemplateSyntaxError) return undefined;
      throw error;
    }
    left.push(...family.get(one)!.parts.map((name) => templatePath(one, folder, name)));
  }
  return [...family.values()];
}

/**
 * Needed is what some template reads outside of conditions and of blocks that an earlier one has too, and none of them
 * asks for or binds.
 */
function dataType(family: readonly DataNames[] | undefined): string {
  if (!family) return "";
  const optional = new Set(family.flatMap(({ tested, bound }) => [...tested, ...bound]));
  const needed = new Set(
    family.flatMap(({ uses }, at) => {
      const overridden = new Set(family.slice(0, at).flatMap(({ blocks }) => blocks));
      return uses.filter(({ blocks }) => !blocks.some((one) => overridden.has(one))).map(({ name }) => name);
    }),
  );
  const names = [...new Set(family.flatMap(({ read }) => read))].toSorted();
  const properties = names.map((name) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    return `    readonly ${key}${needed.has(name) && !optional.has(name) ? "" : "?"}: unknown;\n`;
  });
  return properties.length > 0 ? `<{\n${properties.join("")}  }>` : "";
}
