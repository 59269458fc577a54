/** What our kernels are compared with. */
@NullMarked
package dev.lacuna.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
