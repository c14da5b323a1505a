/** Joins two source maps of one module: the map of its first lines, read once, and of its last line in, the bytes of the whole map out. */

/** The fields of a source map that are used here (tc39.es/ecma426). */
export interface SourceMap {
  readonly mappings: string;
  readonly sources: readonly string[];
  readonly names: readonly string[];
}

/** With the text of each source. */
export interface FullSourceMap extends SourceMap {
  readonly sourcesContent: readonly string[];
}

/** A map as the beginning of others: its bytes in parts, between which the other's go. */
export interface MapHead {
  readonly mappings: Buffer;
  readonly names: Buffer;
  readonly sources: Buffer;
  /** What the next mapping's numbers are relative to. */
  readonly end: MapState;
  readonly counts: { readonly names: number; readonly sources: number };
}

/** Source, line, column and name of a mapping. */
type MapState = readonly [source: number, line: number, column: number, name: number];

/** @param code the lines that the map is of, the last line break included */
export function mapHead({ mappings, names, sources }: SourceMap, code: string): MapHead {
  const missing = code.split("\n").length - mappings.split(";").length;
  return {
    mappings: Buffer.from(`{"version":3,"mappings":"${mappings}${";".repeat(Math.max(0, missing))}`),
    names: Buffer.from(`","names":[${items(names)}`),
    sources: Buffer.from(`],"sources":[${items(sources)}`),
    end: endState(mappings),
    counts: { names: names.length, sources: sources.length },
  };
}

/**
 * The parts of the whole map, those of the head as they are. The first mapping after the head leads to where the other map's numbers
 * count from, so that the rest of it stands as it was.
 * @param column where the other map's code begins on its line
 */
export function joinMaps(head: MapHead, { mappings, names, sources }: SourceMap, column: number): readonly Buffer[] {
  const [source, line, sourceColumn, name] = head.end;
  const reset = [column, head.counts.sources - source, -line, -sourceColumn, ...(names.length ? [head.counts.names - name] : [])];
  const comma = mappings === "" || mappings.startsWith(";") ? "" : ",";
  return [
    head.mappings,
    Buffer.from(reset.map(toVlq).join("") + comma + mappings),
    head.names,
    Buffer.from(following(head.counts.names, names)),
    head.sources,
    Buffer.from(`${following(head.counts.sources, sources)}]}`),
  ];
}

/**
 * What puts this map before another, which it takes and gives as text with a line for each field, as esbuild prints it: to parse maps with
 * the texts of all sources would take longer than to link them. Between both codes is an empty line, which holds the joint.
 * @param code the lines that the map is of, the last line break included
 */
export function putBefore(map: FullSourceMap, code: string): (text: string) => string {
  const { end, counts } = mapHead(map, code);
  const [source, line, column, name] = end;
  const missing = code.split("\n").length - map.mappings.split(";").length;
  const mappings = map.mappings + ";".repeat(Math.max(0, missing));
  const joint = [0, counts.sources - source, -line, -column].map(toVlq).join("");
  const named = joint + toVlq(counts.names - name);
  return (text) => {
    const isNamed = !text.includes(`${mark("names", "[")}]`);
    const fields = [
      ["sources", "[", `${items(map.sources)},`],
      ["sourcesContent", "[", `${items(map.sourcesContent)},`],
      // Its second mapping leads nowhere, as what the other map begins with does.
      ["mappings", '"', `${mappings}${isNamed ? named : joint},${toVlq(1)};`],
      ["names", "[", items(map.names) + (isNamed && map.names.length ? "," : "")],
    ] as const;
    return fields.reduce((joined, [field, opening, before]) => {
      const at = joined.indexOf(mark(field, opening));
      if (at < 0) throw new Error(`the map has no line for its ${field}`);
      const inside = at + mark(field, opening).length;
      return joined.slice(0, inside) + before + joined.slice(inside);
    }, text);
  };
}

const mark = (field: string, opening: string): string => `\n  "${field}": ${opening}`;

const items = (values: readonly string[]): string => values.map((value) => JSON.stringify(value)).join(",");

const following = (before: number, values: readonly string[]): string => (before && values.length ? "," : "") + items(values);

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** By character code; 64 for what is no digit. */
const values = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = digits.indexOf(String.fromCharCode(code));
  return value < 0 ? 64 : value;
});

/** Sums up all numbers but the columns of the code. */
function endState(mappings: string): MapState {
  const state: [number, number, number, number] = [0, 0, 0, 0];
  let field = 0;
  let bits = 0;
  let value = 0;
  for (let at = 0; at < mappings.length; at++) {
    const digit = values[mappings.charCodeAt(at)] ?? 64;
    if (digit === 64) {
      field = 0;
      continue;
    }
    value |= (digit & 31) << bits;
    bits += 5;
    if (digit & 32) continue;
    if (field > 0) state[field - 1]! += value & 1 ? -(value >>> 1) : value >>> 1;
    field += 1;
    bits = 0;
    value = 0;
  }
  return state;
}

function toVlq(number: number): string {
  let left = number < 0 ? (-number << 1) | 1 : number << 1;
  let text = "";
  do {
    const digit = left & 31;
    left >>>= 5;
    text += digits[left ? digit | 32 : digit];
  } while (left);
  return text;
}
