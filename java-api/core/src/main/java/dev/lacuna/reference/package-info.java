/**
 * The pure-Java back end: always there, and the specification that every native kernel is tested
 * against.
 */
@NullMarked
package dev.lacuna.reference;

import org.jspecify.annotations.NullMarked;
