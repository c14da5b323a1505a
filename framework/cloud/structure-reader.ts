/** Reads a structure of unknown JSON member by member, with checks, and refuses members that were not read. */

/** Limits of a text. */
export interface TextRule {
  readonly min?: number;
  readonly max?: number;
  /** Must match the whole value. */
  readonly pattern?: RegExp;
  readonly oneOf?: readonly string[];
}

/** Creates the error for a member that violates a rule, with the code and message of the service. */
export type MemberError = (member: string, value: unknown, rule: string) => Error;

/** One structure. A class, since it records which members were read. */
export class StructureReader {
  readonly #source: Readonly<Record<string, unknown>>;
  readonly #memberError: MemberError;
  readonly #read = new Set<string>();

  constructor(source: Readonly<Record<string, unknown>>, memberError: MemberError) {
    this.#source = source;
    this.#memberError = memberError;
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
    if (broken !== undefined) throw this.#memberError(name, value, broken);
    return value as string;
  }

  requiredText(name: string, rule: TextRule = {}): string {
    const value = this.text(name, rule);
    if (value === undefined) throw this.#memberError(name, null, "Member must not be null");
    return value;
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!Number.isInteger(value)) throw this.#memberError(name, value, "Member must be an integer");
    if ((value as number) < min)
      throw this.#memberError(name, value, `Member must have value greater than or equal to ${min}`);
    if ((value as number) > max)
      throw this.#memberError(name, value, `Member must have value less than or equal to ${max}`);
    return value as number;
  }

  /** A number from 0 to 1. */
  fraction(name: string): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !(value >= 0 && value <= 1))
      throw this.#memberError(name, value, "Member must be a number from 0 to 1");
    return value;
  }

  /** The value unchecked: the caller checks it. */
  value(name: string): unknown {
    return this.#take(name);
  }

  list(name: string): readonly unknown[] | undefined {
    const value = this.#take(name);
    if (value !== undefined && !Array.isArray(value)) throw this.#memberError(name, value, "Member must be a list");
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.#take(name);
    if (value !== undefined && typeof value !== "boolean")
      throw this.#memberError(name, value, "Member must be a boolean");
    return value;
  }

  texts(name: string): readonly string[] | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.some((item) => typeof item !== "string"))
      throw this.#memberError(name, value, "Member must be a list of strings");
    return value as string[];
  }

  textMap(name: string): Readonly<Record<string, string>> | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!isRecord(value) || Object.values(value).some((item) => typeof item !== "string")) {
      throw this.#memberError(name, value, "Member must be a map of strings");
    }
    return value as Record<string, string>;
  }

  structure(name: string): StructureReader | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!isRecord(value)) throw this.#memberError(name, value, "Member must be a structure");
    return new StructureReader(value, (member, inner, rule) => this.#memberError(`${name}.${member}`, inner, rule));
  }

  /**
   * Refuses members that were not read. AWS ignores unknown members; here they can be real ones that the local cloud
   * does not support.
   */
  end(): void {
    for (const [name, value] of Object.entries(this.#source)) {
      if (!this.#read.has(name) && value !== null && value !== undefined)
        throw this.#memberError(name, value, "Portico's local cloud does not support this member");
    }
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function brokenRule(value: string, { min = 0, max = Infinity, pattern, oneOf }: TextRule): string | undefined {
  if (value.length < min) return `Member must have length greater than or equal to ${min}`;
  if (value.length > max) return `Member must have length less than or equal to ${max}`;
  if (pattern && !pattern.test(value))
    return `Member must satisfy regular expression pattern: ${pattern.source.slice(1, -1)}`;
  if (oneOf && !oneOf.includes(value)) return `Member must satisfy enum value set: [${oneOf.join(", ")}]`;
  return undefined;
}
