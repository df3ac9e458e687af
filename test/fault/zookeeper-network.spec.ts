import { zookeeper } from './back-ends.js';
import { describeNetwork } from './network-scenarios.js';

describeNetwork(zookeeper);
