/** What a handler returns for something that it made: 201 with its Location. */

/** Made by `created`. */
export class Created<Value> {
  readonly value: Value;
  readonly location: string;

  constructor(value: Value, location: string) {
    this.value = value;
    this.location = location;
  }
}

/**
 * A value as JSON with status 201 (RFC 9110 section 15.3.2).
 * @param location path or URL of what was made
 */
export const created = <Value>(value: Value, location: string): Created<Value> => new Created(value, location);
