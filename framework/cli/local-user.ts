/** The user and the machine that run a command, for people who see its lock or its release. */
import { hostname, userInfo } from "node:os";

/** `ann@laptop`; `uid-1000@laptop` for a user without an entry in /etc/passwd, as containers have. */
export function localUser(read: () => { readonly username: string } = userInfo): string {
  try {
    return `${read().username}@${hostname()}`;
  } catch {
    return `uid-${process.getuid?.() ?? 0}@${hostname()}`;
  }
}
