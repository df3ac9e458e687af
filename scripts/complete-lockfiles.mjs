/**
 * Adds to the lock files what npm leaves out where a registry does not carry the binaries of other platforms:
 * `node scripts/complete-lockfiles.mjs`, after each `npm install` that changed one.
 *
 * `npm ci` refuses a lock file that lacks an optional dependency, even one that this platform would never install.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const FOLDERS = ['.', 'test/compat/nest11', 'test/compat/nest11-cjs', 'test/compat/nest12-esm', 'bench'];
const SYSTEMS = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const PROCESSORS = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
];

/** What the lock file says of a package that runs on one platform only, read from the platform in its name. */
function entryFor(name, version, parent) {
  const words = name.split(/[-/]/);
  const system = words.find((word) => SYSTEMS.includes(word));
  const processor = words.find((word) => PROCESSORS.includes(word));
  if (!system || !processor || !/^\d/.test(version)) return undefined;
  const libc = { mus: 'musl', gnu: 'glibc' }[
    words.map((word) => word.slice(0, 3)).find((word) => /mus|gnu/.test(word))
  ];
  return {
    version,
    cpu: [processor],
    ...(parent.dev ? { dev: true } : {}),
    ...(libc ? { libc: [libc] } : {}),
    optional: true,
    os: [system],
  };
}

/** The optional dependencies that no entry of the lock file answers. */
function missingFrom(packages) {
  return Object.entries(packages).flatMap(([path, parent]) =>
    Object.entries(parent.optionalDependencies ?? {})
      .filter(([name]) => !placesFor(path, name).some((place) => packages[place]))
      .map(([name, version]) => ({ name, version, parent })),
  );
}

/** Where Node looks for a package that the one at `path` asks for. */
function placesFor(path, name) {
  const folders = path
    .split('/node_modules/')
    .map((_, index, all) => all.slice(0, index + 1).join('/node_modules/'));
  return ['', ...folders].map((folder) => `${folder}${folder ? '/' : ''}node_modules/${name}`);
}

for (const folder of FOLDERS) {
  const file = new URL(`../${folder}/package-lock.json`, import.meta.url);
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  for (const { name, version, parent } of missingFrom(lock.packages)) {
    const entry = entryFor(name, version, parent);
    if (entry) lock.packages[`node_modules/${name}`] = entry;
    else console.error(`${folder}: ${name}@${version} names no platform; add it by hand`);
  }
  const [[root, self], ...rest] = Object.entries(lock.packages);
  const sorted = rest.sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries([[root, self], ...sorted]);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
