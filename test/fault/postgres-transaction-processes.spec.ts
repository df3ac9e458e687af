import { postgresTransactions } from './back-ends.js';
import { describeProcesses } from './process-scenarios.js';

describeProcesses(postgresTransactions);
