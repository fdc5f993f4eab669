import { writeFileSync } from "node:fs";
import { settingsPage } from "./settings-text.ts";

/** Writes the pages of the documentation that the code knows best. */
writeFileSync(new URL("../docs/settings.md", import.meta.url), settingsPage());
