/** A client that guesses passwords, or makes accounts by the hundred, has to wait. */
import { rateLimit } from "portico/store";

export default rateLimit({ name: "passwords", limit: 100, window: 900 });
