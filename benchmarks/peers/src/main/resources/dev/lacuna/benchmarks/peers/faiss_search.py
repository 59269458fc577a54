"""Times faiss.IndexFlatL2 at k = 1: prints milliseconds of each search and for which CPU its BLAS works, and writes the
indices.

faiss_search.py Z CODEBOOK INDEX WIDTH WARMUP_MILLISECONDS MILLISECONDS
"""
import ctypes
import json
import os
import sys
import time

import faiss
import numpy

z_file, codebook_file, index_file = sys.argv[1:4]
width, warmup, measured = map(int, sys.argv[4:])
faiss.omp_set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
z = numpy.fromfile(z_file, numpy.float32).reshape(-1, width)
index = faiss.IndexFlatL2(width)
index.add(numpy.fromfile(codebook_file, numpy.float32).reshape(-1, width))


def runs(milliseconds):
    times, begin = [], time.perf_counter()
    while True:
        start = time.perf_counter()
        nearest = index.search(z, 1)[1]
        end = time.perf_counter()
        times.append(1000 * (end - start))
        if 1000 * (end - begin) >= milliseconds:
            return times, nearest


runs(warmup)
times, nearest = runs(measured)
nearest.astype(numpy.float32).tofile(index_file)
core = ctypes.CDLL("libopenblas.so.0").openblas_get_corename
core.restype = ctypes.c_char_p
print(json.dumps({"milliseconds": times, "facts": "OpenBLAS for " + core().decode()}))
