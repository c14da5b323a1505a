/** What clients may send: parts of schemas that routes share. */
import * as v from "valibot";

/** Any text that Postgres can keep. */
export const text = v.pipe(
  v.string(),
  v.check((value) => !value.includes("\0"), "has a character that no text may have"),
);

/** Text that is not blank, of at most so many characters. */
export const filled = (most: number) =>
  v.pipe(text, v.regex(/\S/, "can't be blank"), v.maxLength(most, `is too long (maximum is ${most} characters)`));

/** An object of which no key may be left out. */
export const all = <Entries extends v.ObjectEntries>(entries: Entries) => v.object(entries, "can't be blank");

/** An object of which some key must be there. */
export const some = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    v.partial(v.object(entries)),
    v.check((value) => Object.keys(value).length > 0, "can't be empty"),
  );

const whole = (least: number, most: number) =>
  v.pipe(v.string(), v.toNumber(), v.integer(), v.minValue(least), v.maxValue(most));

/** A part of a list, in a query. */
export const page = { limit: v.optional(whole(1, 100), "20"), offset: v.optional(whole(0, 1_000_000), "0") };

export const Slug = v.object({ slug: text });

export const SlugAndId = v.object({ slug: text, id: whole(1, 2 ** 31 - 1) });

export const Username = v.object({ username: text });
