/** Reads the ends of a module: code as esbuild or entry.ts prints it in, the imports that it begins with and the exports that it ends with out. */

/** One import statement. */
export interface Import {
  readonly from: string;
  /** What is imported, `default` and `*` among them, under which name; none for an import that is there for what it does. */
  readonly names: readonly { readonly name: string; readonly local: string }[];
}

/** The statements that a module begins with, and where they end. */
export interface LeadingImports {
  readonly imports: readonly Import[];
  /** UTF-16 units. */
  readonly end: number;
}

const identifier = "[\\p{ID_Start}$_][\\p{ID_Continue}$]*";
const statement = new RegExp(
  `\\s*import\\b\\s*(?:(?<whole>${identifier})\\s*,?\\s*)?(?:\\{(?<named>[^}"]*)\\}|\\*\\s*as\\s+(?<all>${identifier}))?\\s*(?:\\bfrom\\s*)?"(?<from>[^"\\\\\\n]*)";`,
  "uy",
);

/** Statements of another shape, such as those with attributes, end the run and stay in the rest. */
export function leadingImports(code: string): LeadingImports {
  const imports: Import[] = [];
  let end = 0;
  for (;;) {
    statement.lastIndex = end;
    const { whole, named, all, from } = statement.exec(code)?.groups ?? {};
    if (from === undefined) return { imports, end };
    end = statement.lastIndex;
    const names = [
      ...(whole ? [{ name: "default", local: whole }] : []),
      ...(all ? [{ name: "*", local: all }] : []),
      ...(named ?? "")
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "")
        .map((item) => {
          const [name = item, local = name] = item.split(/\s+as\s+/);
          return { name, local };
        }),
    ];
    imports.push({ from, names });
  }
}

/** The clause that a module ends with. */
export interface ExportClause {
  readonly start: number;
  /** The module's own name for each export. */
  readonly locals: ReadonlyMap<string, string>;
}

/** Undefined where the module does not end with one, as esbuild's do when it shakes their trees. */
export function exportClause(code: string): ExportClause | undefined {
  const found = /export\{([^{}"]*)\};\s*$/.exec(code);
  if (!found) return undefined;
  const items = (found[1] ?? "").split(",").map((item) => item.trim().split(/\s+as\s+/));
  return { start: found.index, locals: new Map(items.map(([local = "", name = local]) => [name, local])) };
}

/** Words of up to three characters that may be names: never the member behind a dot. */
export const shortWords = (code: string): Iterable<string> => code.match(/(?<![\w$.])[a-zA-Z_$][\w$]{0,2}(?![\w$])/g) ?? [];
