import { describeSchedules } from './schedules.js';

describeSchedules(['cuts', 'pauses', 'storm']);
