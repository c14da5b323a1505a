/** The middleware of an extension, with the settings of hosting.json. */
import { rates } from "portico-rates";

export default [rates()];
