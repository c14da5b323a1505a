/** The error of a template that cannot be compiled. */

/** A mistake in a template. */
export class TemplateSyntaxError extends Error {
  /** Of its place in the source, in UTF-16 units. */
  readonly offset: number;
  readonly length: number;
  /** What to do about it. */
  readonly fix: string;

  constructor(message: string, offset: number, length = 1, fix = "Correct the template at this place.") {
    super(message);
    this.offset = offset;
    this.length = length;
    this.fix = fix;
  }
}
