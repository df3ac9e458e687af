#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { main } from '../dist/esm/cli/main.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
await main(version);
