import { describeCampaign } from './describe-campaign.js';

// So long that a fail-over fits in.
describeCampaign('redis-sentinel', { forMs: 6_000, watchdogMs: 3_000 });
