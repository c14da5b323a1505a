/** An extension: what search engines may do with what visitors wrote. hosting.json has its rules, a stage's own too. */
import { robots } from "portico-robots";

export default [robots()];
