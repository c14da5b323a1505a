/** Splits SQL text into its statements as SQLite does. */

/** Comments, quoted texts and names, words, semicolons and blanks: a statement ends at a semicolon outside of them. */
const tokens = new RegExp(
  [
    /--[^\n]*|\/\*[^]*?(?:\*\/|$)/,
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/,
    /[A-Za-z_][A-Za-z0-9_$]*|;|\s+|[^]/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "g",
);

/** A trigger's body has statements of its own, between BEGIN and END; CASE ends with END as well. */
export function splitSql(sql: string): readonly string[] {
  const statements: string[] = [];
  let text = "";
  let words: string[] = [];
  let depth = 0;
  const end = (): void => {
    if (words.length > 0) statements.push(text.trim());
    [text, words, depth] = ["", [], 0];
  };
  for (const [token] of sql.matchAll(tokens)) {
    if (token === ";" && depth === 0) {
      end();
      continue;
    }
    text += token;
    if (/^(?:--|\/\*|\s)/.test(token)) continue;
    const word = token.toUpperCase();
    const isTrigger = words[0] === "CREATE" && words.slice(1, 3).includes("TRIGGER");
    if (isTrigger && (word === "BEGIN" || (depth > 0 && word === "CASE"))) depth += 1;
    if (isTrigger && depth > 0 && word === "END") depth -= 1;
    if (words.length < 4) words.push(word);
  }
  end();
  return statements;
}
