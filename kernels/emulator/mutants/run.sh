#!/usr/bin/env bash
# Makes seeded mutants of kernels and launchers and counts how many the tests notice:
#   run.sh BUILD_FOLDER SEED COUNT
# BUILD_FOLDER is a build with LACUNA_TESTS=ON that has lacuna_cuda_tests, both stand-in drivers and lacuna_cuda.
# Fails where fewer than 95 % of the live mutants are caught. Not live: what does not compile, and what
# equivalent.tsv (source, mistake, line as it became, why it changes nothing) explains.
set -euo pipefail

build=$(readlink -f "$1") seed=$2 count=$3
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$(readlink -f "$here/../../..")
folder=$build/mutants
readonly wanted=95 # percent

rm -rf "$folder" && mkdir -p "$folder"
"${CXX:-g++}" -std=c++20 -O1 "$here/mutate.cpp" -o "$folder/mutate"
cd "$root"
launchers=()
for kernel in kernels/*.cu; do
  launcher=native/src/cuda/$(basename "${kernel%.cu}").cpp
  if [[ -e $launcher ]]; then launchers+=("$launcher"); fi
done
shared=()
for header in kernels/include/lacuna/*.cuh; do
  case $(basename "$header") in device.cuh | fault.cuh) ;; *) shared+=("$header") ;; esac
done
"$folder/mutate" "$seed" "$count" "$folder" kernels/*.cu "${shared[@]}" "${launchers[@]}" > /dev/null
made=$(wc -l < "$folder/index.tsv")

start=$SECONDS
seq 0 $((made - 1)) | xargs -P "$(nproc)" -I{} sh -c \
  '"$1/judge.sh" "$2" "$3" "$4"; printf "\rmutants: %s of %s judged" "$(ls "$3"/*/verdict | wc -l)" "$5" >&2' \
  sh "$here" "$build" "$folder" {} "$made"
echo >&2

stillborn=0 equivalent=0 caught=0 survivors=()
while IFS=$'\t' read -r number source line mistake _ after; do
  read -r verdict < "$folder/$number/verdict"
  printf '%s\t%s:%s\t%s\t%s\n' "$verdict" "$source" "$line" "$mistake" "$after" >> "$folder/report.tsv"
  case $verdict in
    stillborn) stillborn=$((stillborn + 1)) ;;
    caught*) caught=$((caught + 1)) ;;
    *)
      after=$(sed 's/^ *//' <<< "$after")
      if cut -f 1-3 "$here/equivalent.tsv" | grep -qxF "$source"$'\t'"$mistake"$'\t'"$after"; then
        equivalent=$((equivalent + 1))
      else
        survivors+=("$source:$line $mistake: $after")
      fi
      ;;
  esac
done < "$folder/index.tsv"
live=$((caught + ${#survivors[@]}))
echo "mutants: $made made with seed $seed in $((SECONDS - start)) s; $stillborn do not compile, $equivalent change nothing" \
  "(equivalent.tsv says why); $caught of $live live ones caught ($((live ? 100 * caught / live : 0)) %)"
for survivor in "${survivors[@]}"; do echo "  survived: $survivor"; done
((100 * caught >= wanted * live && live > 0))
