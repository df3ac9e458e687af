import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** One complaint: the rule, in the file. */
export interface Complaint {
  readonly file: string;
  readonly rule: string;
  readonly message: string;
}

const ROOT = process.cwd();

/** Lints files that are written for the occasion under this project's own rules, in a folder of their own. */
export function lintPlanted(files: Readonly<Record<string, string>>): readonly Complaint[] {
  const folder = mkdtempSync(join(tmpdir(), 'planted-'));
  try {
    for (const config of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
      copyFileSync(join(ROOT, config), join(folder, config));
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return lint(folder, Object.keys(files));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Lints a folder, or those of its files; nothing to complain of is an empty list. */
export function lint(folder: string, files: readonly string[] = []): readonly Complaint[] {
  const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
  const run = spawnSync(process.execPath, [oxlint, '--format=json', ...files], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (!run.stdout.startsWith('{')) throw new Error(`oxlint did not run: ${run.stdout}${run.stderr}`);
  const report = JSON.parse(run.stdout) as {
    diagnostics: { filename: string; code: string; message: string }[];
  };
  return report.diagnostics.map(({ filename, code, message }) => ({ file: filename, rule: code, message }));
}
