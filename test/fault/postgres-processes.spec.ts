import { postgres } from './back-ends.js';
import { describeProcesses } from './process-scenarios.js';

describeProcesses(postgres);
