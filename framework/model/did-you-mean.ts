/** "Did you mean" suggestions: the known word nearest to a misspelt one. */

/** The nearest known word within two edits, or one edit for up to three letters; undefined when there is none. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, edits: distance(word.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best && best.edits <= (word.length > 3 ? 2 : 1) ? best.name : undefined;
}

/** The Levenshtein distance, in which two letters that changed places are half an edit: what fingers do most. */
function distance(a: string, b: string): number {
  let before: readonly number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      const edit = Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (left === right ? 0 : 1));
      const isSwapped = i > 0 && j > 0 && left === b[j - 1] && right === a[i - 1] && left !== right;
      next.push(isSwapped ? Math.min(edit, (before[j - 1] ?? 0) + 0.5) : edit);
    }
    [before, row] = [row, next];
  }
  return row.at(-1) ?? 0;
}
