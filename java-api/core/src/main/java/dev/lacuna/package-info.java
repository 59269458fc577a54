/** Entry point, context, device, element types, random numbers and errors. */
@NullMarked
package dev.lacuna;

import org.jspecify.annotations.NullMarked;
