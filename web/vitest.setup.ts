/** Draws the same examples of properties in every run of the tests: what is green once stays green until the code or the test changes. */

import fc from 'fast-check';

fc.configureGlobal({ seed: 1 });
