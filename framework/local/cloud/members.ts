/** Reads a call's members strictly: JSON of unknown shape in, checked values out; what nobody read is refused by name. */

/** Limits of a text. */
export interface TextRule {
  readonly min?: number;
  readonly max?: number;
  /** Must match the whole value. */
  readonly pattern?: RegExp;
  readonly oneOf?: readonly string[];
}

/** Says what a member broke, in the service's own words. */
export type Complaint = (member: string, value: unknown, rule: string) => Error;

/** The members of one structure. A class, since it remembers which were read. */
export class Members {
  readonly #source: Readonly<Record<string, unknown>>;
  readonly #complain: Complaint;
  readonly #read = new Set<string>();

  constructor(source: Readonly<Record<string, unknown>>, complain: Complaint) {
    this.#source = source;
    this.#complain = complain;
  }

  #take(name: string): unknown {
    this.#read.add(name);
    return this.#source[name] ?? undefined;
  }

  has(name: string): boolean {
    return (this.#source[name] ?? undefined) !== undefined;
  }

  text(name: string, rule: TextRule = {}): string | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    const broken = typeof value === "string" ? brokenRule(value, rule) : "Member must be a string";
    if (broken !== undefined) throw this.#complain(name, value, broken);
    return value as string;
  }

  requiredText(name: string, rule: TextRule = {}): string {
    const value = this.text(name, rule);
    if (value === undefined) throw this.#complain(name, null, "Member must not be null");
    return value;
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!Number.isInteger(value)) throw this.#complain(name, value, "Member must be an integer");
    if ((value as number) < min) throw this.#complain(name, value, `Member must have value greater than or equal to ${min}`);
    if ((value as number) > max) throw this.#complain(name, value, `Member must have value less than or equal to ${max}`);
    return value as number;
  }

  /** A number from 0 to 1. */
  fraction(name: string): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !(value >= 0 && value <= 1)) throw this.#complain(name, value, "Member must be a number from 0 to 1");
    return value;
  }

  /** Whatever it is, for a reader of its own. */
  value(name: string): unknown {
    return this.#take(name);
  }

  list(name: string): readonly unknown[] | undefined {
    const value = this.#take(name);
    if (value !== undefined && !Array.isArray(value)) throw this.#complain(name, value, "Member must be a list");
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.#take(name);
    if (value !== undefined && typeof value !== "boolean") throw this.#complain(name, value, "Member must be a boolean");
    return value;
  }

  texts(name: string): readonly string[] | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.some((one) => typeof one !== "string"))
      throw this.#complain(name, value, "Member must be a list of strings");
    return value as string[];
  }

  textMap(name: string): Readonly<Record<string, string>> | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!isRecord(value) || Object.values(value).some((one) => typeof one !== "string")) {
      throw this.#complain(name, value, "Member must be a map of strings");
    }
    return value as Record<string, string>;
  }

  structure(name: string): Members | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!isRecord(value)) throw this.#complain(name, value, "Member must be a structure");
    return new Members(value, (member, given, rule) => this.#complain(`${name}.${member}`, given, rule));
  }

  /** AWS ignores members it does not know; here each is refused, since it would be one that we know too little of to honour. */
  end(): void {
    for (const [name, value] of Object.entries(this.#source)) {
      if (!this.#read.has(name) && value !== null && value !== undefined)
        throw this.#complain(name, value, "Portico's local cloud does not speak this member");
    }
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function brokenRule(value: string, { min = 0, max = Infinity, pattern, oneOf }: TextRule): string | undefined {
  if (value.length < min) return `Member must have length greater than or equal to ${min}`;
  if (value.length > max) return `Member must have length less than or equal to ${max}`;
  if (pattern && !pattern.test(value)) return `Member must satisfy regular expression pattern: ${pattern.source.slice(1, -1)}`;
  if (oneOf && !oneOf.includes(value)) return `Member must satisfy enum value set: [${oneOf.join(", ")}]`;
  return undefined;
}
