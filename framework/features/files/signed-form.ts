/** Upload forms that Portico itself receives, on Node and on Workers: they say what they allow, under an HMAC. */
import { uploadsPath } from "../../runtime/path.ts";
import type { FormLimits, FormTarget } from "./engine.ts";

/** What a form allows, as its field `policy` has it in base64url JSON. */
export interface FormPolicy extends FormLimits {
  readonly namespace: string;
  readonly key: string;
}

const algorithm = { name: "HMAC", hash: "SHA-256" } as const;

const keyOf = (secret: string, usage: "sign" | "verify"): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", Buffer.from(secret), algorithm, false, [usage]);

/** A form whose signature covers all that it allows. */
export async function signForm(secret: string, policy: FormPolicy): Promise<FormTarget> {
  const text = Buffer.from(JSON.stringify(policy)).toString("base64url");
  const signature = await crypto.subtle.sign("HMAC", await keyOf(secret, "sign"), Buffer.from(text));
  return {
    url: uploadsPath + policy.namespace,
    fields: {
      "Content-Type": policy.type,
      policy: text,
      signature: Buffer.from(signature).toString("base64url"),
    },
  };
}

/** The policy of a form's fields; undefined unless it was signed with this secret. */
export async function readPolicy(secret: string, fields: ReadonlyMap<string, string>): Promise<FormPolicy | undefined> {
  const policy = fields.get("policy") ?? "";
  const signature = Buffer.from(fields.get("signature") ?? "", "base64url");
  const isSigned = await crypto.subtle.verify("HMAC", await keyOf(secret, "verify"), signature, Buffer.from(policy));
  return isSigned ? (JSON.parse(Buffer.from(policy, "base64url").toString()) as FormPolicy) : undefined;
}
