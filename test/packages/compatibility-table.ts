/** The table in docs/packages.md: the packages that work on each target, and the reasons for those that do not. */
import { type PackageCase, packages } from "./package-list.ts";

const cell = (limit: string | undefined): string => (limit === undefined ? "yes" : "no");

const rowOf = ({ name, area, why, limits = {} }: PackageCase): string =>
  `| \`${name}\` | ${area} | ${why} | ${cell(limits.lambda)} | ${cell(limits.workers)} | ${cell(limits.node)} |`;

const reasonsOf = ({ name, limits = {} }: PackageCase): string[] =>
  Object.entries(limits).map(([target, reason]) => `- \`${name}\` on ${target}: ${reason}`);

/** Markdown: the table, then a line for each "no". */
export function packageTable(): string {
  const head = "| package | area | why it is here | lambda | workers | node |\n| --- | --- | --- | --- | --- | --- |";
  return `${[head, ...packages.map(rowOf)].join("\n")}\n\n${packages.flatMap(reasonsOf).join("\n")}\n`;
}
