export { instrumentLocks, type LockTelemetryOptions } from './instrument-locks.js';
