/** Adjustment of a source map's columns after text in a generated line became longer or shorter. */

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * @param map as esbuild prints it, with a field per line
 * @param place of the change, from 0
 * @param by the number of characters added, negative if removed
 */
export function shiftColumns(
  map: string,
  place: { readonly line: number; readonly column: number },
  by: number,
): string {
  if (by === 0) return map;
  return map.replace(/(?<=\n {2}"mappings": ")[^"]*/, (mappings) => {
    const lines = mappings.split(";");
    lines[place.line] = shiftLine(lines[place.line] ?? "", place.column, by);
    return lines.join(";");
  });
}

/** Columns are relative to the previous mapping, so only the first one after the place changes. */
function shiftLine(text: string, column: number, by: number): string {
  const segments = text.split(",");
  let absolute = 0;
  for (const [index, segment] of segments.entries()) {
    const { value, length } = readVlq(segment);
    absolute += value;
    if (absolute <= column) continue;
    segments[index] = writeVlq(value + by) + segment.slice(length);
    break;
  }
  return segments.join(",");
}

/** The first number of a segment (ECMA-426, base64 VLQ). */
function readVlq(text: string): { readonly value: number; readonly length: number } {
  let [bits, length] = [0, 0];
  for (let shift = 0; ; shift += 5) {
    const digit = digits.indexOf(text[length++] ?? "A");
    bits |= (digit & 31) << shift;
    if (!(digit & 32)) break;
  }
  return { value: bits & 1 ? -(bits >>> 1) : bits >>> 1, length };
}

function writeVlq(number: number): string {
  let left = number < 0 ? (-number << 1) | 1 : number << 1;
  let text = "";
  do {
    const digit = left & 31;
    left >>>= 5;
    text += digits[left ? digit | 32 : digit];
  } while (left);
  return text;
}
