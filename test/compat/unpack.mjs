// oxlint-disable-next-line import/no-default-export -- jest calls the default export
export { remove as default } from './pack.mjs';
