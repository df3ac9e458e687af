/**
 * Finds Apache Curator and a Java compiler: installed ones, or such as apt-get installs (as root on Debian). Compiles the
 * contestant, and hands the class path to it in the environment; where something is missing, the line that says what to
 * install.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installByApt } from '../../test/support/install-by-apt.mjs';

const SOURCE = fileURLToPath(new URL('CuratorContestant.java', import.meta.url));
const CLASSES = join(dirname(SOURCE), '..', 'build', 'curator');
/** Where Debian keeps every jar. */
const DEBIAN_JARS = '/usr/share/java';
const NAMES =
  'curator-recipes curator-framework curator-client zookeeper zookeeper-jute guava slf4j-api slf4j-simple '
    .concat('netty-handler netty-transport netty-buffer netty-common netty-codec netty-resolver')
    .split(' ');

/** @param mayInstall false where what is missing is left out instead */
export function findCurator({ mayInstall }) {
  const has = (isThere, name) => isThere() || (mayInstall && installByApt(name) && isThere());
  const isThere =
    has(() => jars().length > 0, 'libcurator-recipes-java') && has(compiles, 'default-jdk-headless');
  if (isThere) compile(jars());
  else process.env.BENCH_CURATOR_MISSING = 'install libcurator-recipes-java and default-jdk-headless.';
}

function compile(found) {
  const classPath = [...found, CLASSES].join(':');
  mkdirSync(CLASSES, { recursive: true });
  const { status } = spawnSync('javac', ['-cp', classPath, '-d', CLASSES, SOURCE], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`javac could not compile ${SOURCE}.`);
  process.env.BENCH_CURATOR_CLASS_PATH = classPath;
  process.env.BENCH_CURATOR_VERSION = /-([\d.]+)\.jar$/.exec(realpathSync(found[0]))?.[1] ?? '';
}

/** Those that are there; none where Curator is not. Which of netty's a ZooKeeper client wants differs by release. */
function jars() {
  const [first, ...rest] = NAMES.map((name) => join(DEBIAN_JARS, `${name}.jar`));
  return existsSync(first) ? [first, ...rest.filter((path) => existsSync(path))] : [];
}

function compiles() {
  return spawnSync('javac', ['-version'], { stdio: 'ignore' }).status === 0;
}
