export { type QuorumOptions, quorumStore } from './quorum-store.js';
