/** The light classes, whole, in the place of the platform's before anything else runs; most Lambda functions import it first. */
import { replaceClasses } from "./replace-classes.ts";
import { lightFetch } from "./whole.ts";

replaceClasses(lightFetch);
