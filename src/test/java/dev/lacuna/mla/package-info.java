/** What MLA promises, on data made so that the promise can be seen. */
@NullMarked
package dev.lacuna.mla;

import org.jspecify.annotations.NullMarked;
