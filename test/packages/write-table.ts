/** Script that writes the compatibility table into docs/packages.md, between its two marks. */
import { readFileSync, writeFileSync } from "node:fs";
import { packageTable } from "./compatibility-table.ts";

const page = new URL("../../docs/packages.md", import.meta.url);
const marks = /(?<=<!-- table -->\n)[^]*(?=<!-- end of table -->)/;
writeFileSync(
  page,
  readFileSync(page, "utf8").replace(marks, () => packageTable()),
);
