import { describeCampaign } from './describe-campaign.js';

describeCampaign('redis');
