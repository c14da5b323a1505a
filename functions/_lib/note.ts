/** What a note is: unknown JSON in, a note or the list of its problems out. */

export interface Note {
  readonly title: string;
  readonly tags: readonly string[];
}

/** One thing that is wrong, and where. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** Collects every problem at once, so that a client can fix them all before it tries again. */
export function checkNote(value: unknown): { note: Note } | { problems: readonly Problem[] } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { problems: [{ path: "", message: "must be an object" }] };
  }
  const { title, tags = [], ...others } = value as Record<string, unknown>;
  const problems: Problem[] = Object.keys(others).map((path) => ({ path, message: "is not known" }));
  if (typeof title !== "string" || title.trim() === "") problems.push({ path: "title", message: "must be a text" });
  else if (title.length > 80) problems.push({ path: "title", message: "must have at most 80 characters" });
  if (!Array.isArray(tags) || tags.length > 5) problems.push({ path: "tags", message: "must be a list of at most 5" });
  else {
    tags.forEach((tag, index) => {
      if (typeof tag !== "string" || tag === "") problems.push({ path: `tags.${index}`, message: "must be a text" });
    });
  }
  return problems.length > 0 ? { problems } : { note: { title, tags } as Note };
}
