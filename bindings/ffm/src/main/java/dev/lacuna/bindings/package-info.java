/**
 * Native back ends: finding and loading the libraries, calling them, and saying why where they
 * cannot be used.
 */
@NullMarked
package dev.lacuna.bindings;

import org.jspecify.annotations.NullMarked;
