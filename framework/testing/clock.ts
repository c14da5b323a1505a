/** The clock of an app under test: its code gets a Date of its own, so that no other code of the process sees it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";

/** A clock that goes on as the process's does, until it is set: then it stands still. */
export interface TestClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Stops the clock at a time. */
  set(time: Date | string | number): void;
  /** Moves it forward, whether it stands still or goes on. @param ms milliseconds */
  advance(ms: number): void;
}

const fileName = "portico-clock.js";

/** The time is a function on the module, which `openClock` sets. */
const moduleText = `const Real = globalThis.Date;
export const clock = { now: () => Real.now() };
export const Date = new Proxy(Real, {
  construct: (target, given, self) => Reflect.construct(target, given.length ? given : [clock.now()], self),
  apply: () => new Real(clock.now()).toString(),
  get: (target, name) => (name === "now" ? () => clock.now() : Reflect.get(target, name)),
});
`;

/** Gives the modules of a build the Date of the clock, which an import at their end puts over the global one. */
export function addClock(folder: string): void {
  writeFileSync(join(folder, fileName), moduleText);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".js") || entry.name === fileName) continue;
    const file = join(entry.parentPath, entry.name);
    const text = readFileSync(file, "utf8");
    if (!/\bDate\b/.test(text) || /\b(?:var|let|const|class|function) Date\b/.test(text)) continue;
    const path = relative(entry.parentPath, join(folder, fileName)).replaceAll("\\", "/");
    writeFileSync(file, `${text}\nimport{Date}from"${path.startsWith(".") ? path : `./${path}`}";\n`);
  }
}

/** The clock of a build. @param folder absolute, after `addClock` */
export async function openClock(folder: string): Promise<TestClock> {
  const file = join(folder, fileName);
  if (!existsSync(file)) throw new Error(`${folder} has no clock`);
  const { clock } = (await import(pathToFileURL(file).href)) as { readonly clock: { now: () => number } };
  let time: { readonly fixed: number } | { readonly offset: number } = { offset: 0 };
  const now = (): number => ("fixed" in time ? time.fixed : Date.now() + time.offset);
  clock.now = now;
  return {
    now,
    set(to) {
      const fixed = new Date(to).getTime();
      if (Number.isNaN(fixed)) throw new TypeError(`${String(to)} is no time`);
      time = { fixed };
    },
    advance(ms) {
      time = "fixed" in time ? { fixed: time.fixed + ms } : { offset: time.offset + ms };
    },
  };
}
