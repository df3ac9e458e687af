import { describeSchedules } from './schedules.js';

describeSchedules(['calm', 'fair', 'deaths']);
