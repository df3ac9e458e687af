import { describeSchedules } from './schedules.js';

describeSchedules(['quorum', 'quorum storm', 'quorum restarts']);
