import { postgres } from './back-ends.js';
import { describeNetwork } from './network-scenarios.js';

describeNetwork(postgres);
