import { checkPolicy } from './check-policy.ts';

// The pool calls what a file exports by default.
export default checkPolicy;
