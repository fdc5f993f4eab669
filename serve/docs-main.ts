import { writeFileSync } from "node:fs";
import { settingsPage } from "./settings-text.ts";

/** Writes the pages of the documentation that the code knows best. */
if (process.argv.length > 2)
  console.log("npm run docs\nWrites docs/settings.md from serve/config.ts. It takes no flags.");
else writeFileSync(new URL("../docs/settings.md", import.meta.url), settingsPage());
