/** Whether a statement only reads, so that it may be sent again after its connection was lost. */

/**
 * Words before a parenthesis that call nothing which changes something: grammar, types with a length, and functions of
 * Postgres that Drizzle and people use in reads. Any other function may be the app's own and write.
 */
const harmless = new Set(
  (
    "and any all array as between by case cast coalesce distinct else end every except exists extract filter from " +
    "greatest having ilike in intersect is join lateral least like limit not null nullif offset on or order over " +
    "select some then union using values when where within " +
    "char character numeric decimal time timestamp varchar varying " +
    "abs array_agg array_length avg bool_and bool_or ceil char_length concat concat_ws count cume_dist date_part " +
    "date_trunc dense_rank first_value floor json_agg json_build_array json_build_object jsonb_agg jsonb_build_array " +
    "jsonb_build_object lag last_value lead left length lower ltrim max min now percent_rank plainto_tsquery rank " +
    "replace right round row_number row_to_json rtrim split_part string_agg substring sum to_char to_json to_jsonb " +
    "to_tsquery to_tsvector trim ts_rank unnest upper websearch_to_tsquery"
  ).split(" "),
);

/** What writes or locks within a SELECT: INTO makes a table, FOR UPDATE takes locks; and a second statement. */
const changes = /;\s*\S|\b(?:into|insert|update|delete|merge|share)\b/i;

/** Texts, names in quotes and comments, in which words mean nothing. */
const quoted = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\//g;

/** False for whatever is not certain: also for texts with escapes and dollar quotes. @param text of one statement */
export function isReadOnly(text: string): boolean {
  if (!/^\s*select\b/i.test(text) || /\\|\$\$|\$[a-z_]/i.test(text)) return false;
  const plain = text.replace(quoted, (part) => (part.startsWith('"') ? '""' : " "));
  // A quoted name that is called is a function's, and one of a schema may be the app's own.
  if (changes.test(plain) || /(?:""|\.\s*\w+)\s*\(/.test(plain)) return false;
  const called = plain.matchAll(/([a-z_][a-z0-9_]*)\s*\(/gi);
  return [...called].every(([, name = ""]) => harmless.has(name.toLowerCase()));
}
