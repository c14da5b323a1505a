/**
 * DynamoDB's numbers: decimals of at most 38 digits, which floating point cannot keep (developer guide, "Data types").
 */

/** `digits × 10 ^ exponent`; the digits end in no zero, and zero has the exponent 0. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

const form = /^(-?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:e([-+]?\d{1,6}))?$/i;
const maxDigits = 38;
const maxMagnitude = 125;
const minMagnitude = -130;

/** The number in its only form, `1200` or `-0.05`; or, as `fault`, why DynamoDB refuses it. */
export function normalNumber(text: string): { readonly number: string } | { readonly fault: string } {
  const decimal = read(text);
  if (!decimal)
    return { fault: `The parameter cannot be converted to a numeric value${text === "" ? "" : `: ${text}`}` };
  const fault = faultOf(decimal);
  return fault === undefined ? { number: write(decimal) } : { fault };
}

/** `left + right` of two normal numbers; with a `sign` of -1 their difference. */
export function addNumbers(
  left: string,
  right: string,
  sign: 1 | -1,
): { readonly number: string } | { readonly fault: string } {
  const [first, second] = aligned(parsed(left), parsed(right));
  const sum = normal(first.digits + BigInt(sign) * second.digits, first.exponent);
  const fault = faultOf(sum);
  return fault === undefined ? { number: write(sum) } : { fault };
}

/** Negative, zero or positive, as `left - right` of two normal numbers is. */
export function compareNumbers(left: string, right: string): number {
  const [first, second] = aligned(parsed(left), parsed(right));
  return first.digits < second.digits ? -1 : first.digits > second.digits ? 1 : 0;
}

/** Bytes of a normal number: about one for two digits, and one (developer guide, "DynamoDB item sizes and formats"). */
export function numberSize(number: string): number {
  const { digits } = parsed(number);
  const length = String(digits).replace("-", "").length;
  return 1 + Math.ceil(length / 2) + (digits < 0n ? 1 : 0);
}

function read(text: string): Decimal | undefined {
  const [, minus = "", whole = "", part = "", alone = "", power = "0"] = form.exec(text) ?? [];
  const fraction = part || alone;
  if (whole === "" && fraction === "") return undefined;
  return normal(BigInt(`${minus}${whole}${fraction}`), Number(power) - fraction.length);
}

function parsed(number: string): Decimal {
  const decimal = read(number);
  if (!decimal) throw new Error(`${number} is not a number of DynamoDB`);
  return decimal;
}

function normal(digits: bigint, exponent: number): Decimal {
  if (digits === 0n) return { digits, exponent: 0 };
  const text = String(digits);
  const zeros = /0*$/.exec(text)?.[0].length ?? 0;
  return { digits: BigInt(text.slice(0, text.length - zeros)), exponent: exponent + zeros };
}

function faultOf({ digits, exponent }: Decimal): string | undefined {
  const { length } = String(digits).replace("-", "");
  const magnitude = exponent + length - 1;
  const supported = "with magnitude %s than supported range";
  if (magnitude > maxMagnitude)
    return `Number overflow. Attempting to store a number ${supported.replace("%s", "larger")}`;
  if (magnitude < minMagnitude)
    return `Number underflow. Attempting to store a number ${supported.replace("%s", "smaller")}`;
  return length > maxDigits ? `Attempting to store more than ${maxDigits} significant digits in a Number` : undefined;
}

/** Both with the smaller exponent. */
function aligned(left: Decimal, right: Decimal): readonly [Decimal, Decimal] {
  const exponent = Math.min(left.exponent, right.exponent);
  const to = (one: Decimal): Decimal => ({ digits: one.digits * 10n ** BigInt(one.exponent - exponent), exponent });
  return [to(left), to(right)];
}

function write({ digits, exponent }: Decimal): string {
  if (exponent >= 0) return `${digits}${"0".repeat(exponent)}`;
  const sign = digits < 0n ? "-" : "";
  const text = String(digits)
    .replace("-", "")
    .padStart(1 - exponent, "0");
  return `${sign}${text.slice(0, exponent)}.${text.slice(exponent)}`;
}
