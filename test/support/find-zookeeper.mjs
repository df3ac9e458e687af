/**
 * Finds a ZooKeeper server to test against: the folder of jars named in ZOOKEEPER_JARS, an installed one, one that
 * apt-get installs (as root on Debian). It is run by the `java` of JAVA_HOME or of the PATH.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installByApt } from './install-by-apt.mjs';

/** Where Debian keeps every jar; that of ZooKeeper names the others that it wants. */
const DEBIAN_JARS = '/usr/share/java';
/** What Debian's jar does not name: who writes the log, and a part of what TLS needs. */
const OTHER_JARS = ['slf4j-simple.jar', 'netty-codec.jar', 'netty-resolver.jar'];

/** Hands what was found to the workers, or the line that says what to install. */
export function findZookeeper() {
  const classPath = named() ?? installed() ?? (installByApt('libzookeeper-java') ? installed() : undefined);
  const java = runningJava() ?? (installByApt('default-jre-headless') ? runningJava() : undefined);
  if (classPath && java) {
    Object.assign(process.env, { TEST_ZOOKEEPER_CLASS_PATH: classPath, TEST_ZOOKEEPER_JAVA: java });
  } else {
    process.env.TEST_ZOOKEEPER_MISSING = whatIsMissing(classPath);
  }
}

function whatIsMissing(classPath) {
  const { ZOOKEEPER_JARS: folder } = process.env;
  if (folder && !classPath) {
    return `ZOOKEEPER_JARS is ${folder}, which has no zookeeper*.jar: name the folder lib/ of a ZooKeeper of 3.5 or later.`;
  }
  return 'No ZooKeeper server to test against: install libzookeeper-java and default-jre-headless, or name a folder of its jars in ZOOKEEPER_JARS and a JAVA_HOME.';
}

function named() {
  const folder = process.env.ZOOKEEPER_JARS;
  if (!folder || !existsSync(folder)) return undefined;
  return readdirSync(folder).some((name) => /^zookeeper[-\d.]*\.jar$/.test(name))
    ? join(folder, '*')
    : undefined;
}

function installed() {
  if (process.env.ZOOKEEPER_JARS) return undefined;
  const jars = ['zookeeper.jar', ...OTHER_JARS].map((name) => join(DEBIAN_JARS, name));
  return jars.every((path) => existsSync(path)) ? jars.join(':') : undefined;
}

function runningJava() {
  const { JAVA_HOME } = process.env;
  const program = JAVA_HOME ? join(JAVA_HOME, 'bin', 'java') : 'java';
  return spawnSync(program, ['-version'], { stdio: 'ignore' }).status === 0 ? program : undefined;
}
