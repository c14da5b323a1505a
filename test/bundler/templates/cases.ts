/** Templates over every feature of Jinja that Portico has, and mistakes that Jinja refuses: those of cases.json. */
import { readFileSync } from "node:fs";
import type { Case } from "./rendering.ts";

/** `templates` are of one file each, `families` of several by name, of which `main` is rendered. */
interface Written {
  readonly data: Case["data"];
  readonly templates: readonly string[];
  readonly families: readonly Case["templates"][];
}

const written = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8")) as Written;

/** The data of all cases. */
export const { data } = written;

/** All cases made by hand. */
export const cases: readonly Case[] = [
  ...written.templates.map((main) => ({ templates: { main }, data })),
  ...written.families.map((templates) => ({ templates, data })),
];
