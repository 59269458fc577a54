"""Times faiss.IndexFlatL2 at k = 1: prints milliseconds a search, one number for each iteration, and writes the indices.

faiss_search.py Z CODEBOOK INDEX WIDTH WARMUPS ITERATIONS MILLISECONDS
"""
import json
import os
import sys
import time

import faiss
import numpy

z_file, codebook_file, index_file = sys.argv[1:4]
width, warmups, iterations, milliseconds = map(int, sys.argv[4:])
faiss.omp_set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
z = numpy.fromfile(z_file, numpy.float32).reshape(-1, width)
index = faiss.IndexFlatL2(width)
index.add(numpy.fromfile(codebook_file, numpy.float32).reshape(-1, width))


def iteration():
    runs, start = 0, time.perf_counter()
    while True:
        nearest = index.search(z, 1)[1]
        runs += 1
        elapsed = 1000 * (time.perf_counter() - start)
        if elapsed >= milliseconds:
            return elapsed / runs, nearest


for _ in range(warmups):
    iteration()
times = []
for _ in range(iterations):
    elapsed, nearest = iteration()
    times.append(elapsed)
nearest.astype(numpy.float32).tofile(index_file)
print(json.dumps(times))
