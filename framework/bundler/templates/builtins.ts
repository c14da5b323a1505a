/** The filters, tests and functions of Jinja that templates may use, with the names of their parameters. */

const table = (text: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    text.split(/\s+/).map((entry) => {
      const [name = "", params] = entry.split(":");
      return [name, params?.split(",") ?? []];
    }),
  );

/** The parameters of each filter after the value; `map` and those that select are the generator's own. */
export const filters = table(
  "abs attr:name batch:linecount,fill_with capitalize center:width default:default_value,boolean " +
    "dictsort:case_sensitive,by,reverse escape filesizeformat:binary first float:default forceescape " +
    "groupby:attribute,default,case_sensitive indent:width,first,blank int:default,base items join:d,attribute last " +
    "length list lower max:case_sensitive,attribute min:case_sensitive,attribute replace:old,new,count reverse " +
    "round:precision,method safe slice:slices,fill_with sort:reverse,case_sensitive,attribute string striptags " +
    "sum:attribute,start title tojson:indent trim:chars truncate:length,killwords,end,leeway " +
    "unique:case_sensitive,attribute upper urlencode wordcount xmlattr:autospace",
);

/** The parameters of each test after the value. */
export const tests = table(
  "boolean callable defined divisibleby:num eq:b escaped even false float ge:b gt:b in:seq integer iterable le:b " +
    "lower lt:b mapping ne:b none number odd sameas:other sequence string true undefined upper",
);

/** Other names of filters and tests. */
export const aliases: ReadonlyMap<string, string> = new Map([
  ["count", "length"],
  ["d", "default"],
  ["e", "escape"],
  ["equalto", "eq"],
  ["==", "eq"],
  ["!=", "ne"],
  [">", "gt"],
  ["greaterthan", "gt"],
  [">=", "ge"],
  ["<", "lt"],
  ["lessthan", "lt"],
  ["<=", "le"],
]);

/** Functions that any template may call; data of the same name comes first. */
export const globals: readonly string[] = ["cycler", "dict", "joiner", "namespace", "range"];
