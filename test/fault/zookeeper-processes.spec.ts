import { zookeeper } from './back-ends.js';
import { describeProcesses } from './process-scenarios.js';

describeProcesses(zookeeper);
