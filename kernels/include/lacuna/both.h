// LACUNA_BOTH marks what kernels and their launchers call alike.
#ifndef LACUNA_BOTH_H
#define LACUNA_BOTH_H

#ifdef __CUDACC__
#define LACUNA_BOTH __host__ __device__
#else
#define LACUNA_BOTH
#endif

#endif
