/** Accounts in the store: a name, which nobody else has, and the hash of a password. */
import { hashPassword, type User, verifyPassword } from "portico/session";
import { store, type StoreContext } from "portico/store";

/** What a session keeps of an account: `currentUser(context)` gives it. */
declare module "portico/session" {
  interface User {
    readonly name: string;
  }
}

interface Account {
  readonly id: string;
  /** As it was typed at the sign-up. */
  readonly name: string;
  readonly hash: string;
}

const accounts = (context: StoreContext) => store<Account>(context, "accounts");

const keyOf = (name: string): string => name.normalize("NFKC").toLowerCase();

const toUser = ({ id, name }: Account): User => ({ id, name });

/** Undefined where the name is taken. */
export async function createAccount(context: StoreContext, name: string, password: string): Promise<User | undefined> {
  const account = { id: crypto.randomUUID(), name, hash: await hashPassword(password) };
  const version = await accounts(context).set(keyOf(name), account, { if: null });
  return version === undefined ? undefined : toUser(account);
}

/** The user of a name and its password. A name that nobody has takes as long as a wrong password. */
export async function verifyAccount(context: StoreContext, name: string, password: string): Promise<User | undefined> {
  const found = await accounts(context).get(keyOf(name));
  const verified = await verifyPassword(password, found?.value.hash);
  if (!verified || !found) return undefined;
  const { newHash } = verified;
  if (newHash) await accounts(context).set(keyOf(name), { ...found.value, hash: newHash }, { if: found.version });
  return toUser(found.value);
}

/** Whether a user still has an account: a session may outlive it. */
export async function hasAccount(context: StoreContext, { id, name }: User): Promise<boolean> {
  return (await accounts(context).get(keyOf(name)))?.value.id === id;
}

/** Deletes it, and no other that has its name by now; sessions are ended by `revokeAll`. */
export async function deleteAccount(context: StoreContext, user: User): Promise<void> {
  const found = await accounts(context).get(keyOf(user.name));
  if (found?.value.id !== user.id) return;
  const isDeleted = await accounts(context).delete(keyOf(user.name), { if: found.version });
  // A login may have given it a new hash meanwhile.
  if (!isDeleted) await deleteAccount(context, user);
}
