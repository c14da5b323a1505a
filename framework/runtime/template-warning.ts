/** The warning of a printed name that is undefined, once for each place; only development builds include it. */

const told = new Set<string>();

/** Gives the value. @param place `file:line:column` */
export function warn<T>(value: T, name: string, place: string): T {
  if (value === undefined && !told.has(place)) {
    told.add(place);
    console.error(`${place}: ${name} is undefined, and printed as nothing`);
  }
  return value;
}
