#!/usr/bin/env bash
# Builds one mutant into a stand-in driver or a CUDA library of its own and runs the tests of its family on it:
#   judge.sh BUILD_FOLDER MUTANTS_FOLDER NUMBER
# writes MUTANTS_FOLDER/NUMBER/verdict: stillborn (does not compile), caught <by what>, or survived.
set -uo pipefail

build=$1 folder=$2/$3
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
IFS=$'\t' read -r _ source _ mistake _ < <(sed -n "$(($3 + 1))p" "$2/index.tsv")
name=$(basename "$source")
readonly limit=180 # seconds; a mutant that runs for ever is caught

verdict() {
  printf '%s\n' "$*" > "$folder/verdict"
  exit
}

while read -r pattern families tests; do
  # shellcheck disable=SC2053 # the left side is the pattern's subject
  if [[ $pattern != '#'* && $name == $pattern ]]; then break; fi
done < <(cat "$here/judges.txt" && echo '* none none')
if [[ $tests == none ]]; then verdict "no judge for $name"; fi

# Compiles SOURCE as the build compiled ORIGINAL for TARGET, with the mutant's folder before every other include folder.
compile() { # TARGET ORIGINAL SOURCE OBJECT
  local directory command
  command=$(sed -n 's/^ *"command": "\(.*\)",\?$/\1/p' "$build/compile_commands.json" |
    grep -F "/$1.dir/" | grep -E -- "-c [^ ]*/$2\$" | head -n 1 | sed 's/\\"/"/g; s/\\\\/\\/g')
  directory=$build
  command=${command%% -o *}
  command=${command/ -I/ -I$folder/include -I}
  (cd "$directory" && eval "$command -o $4 -c $3") >> "$folder/log" 2>&1
}

# Links as the build did, with the objects in the mutant's folder in place of those of the same name.
link() { # CMAKE_FOLDER TARGET OUTPUT
  local command object
  command=$(cat "$build/$1/CMakeFiles/$2.dir/link.txt")
  for object in "$folder"/objects/*.o; do
    command=$(sed -E "s|[^ ]*/$(basename "$object")( \|\$)|$object\1|" <<< "$command")
  done
  command=$(sed -E "s|-o [^ ]+|-o $3|" <<< "$command")
  (cd "$build/$1" && eval "$command") >> "$folder/log" 2>&1
}

# Ends with a verdict where a test fails.
try() { # MODE DRIVER LIBRARY
  LACUNA_CUDA_DRIVER=$2 LACUNA_CUDA_LIBRARY=$3 timeout "$limit" "$program" --gtest_fail_fast --gtest_brief=1 \
    "--gtest_filter=$tests" > "$folder/tests.log" 2>&1
  local status=$?
  if ((status == 124)); then verdict "caught $1: ran for ever"; fi
  if ((status != 0)); then
    verdict "caught $1: $(grep -m 1 -E '^\[  FAILED  \]|check:|runtime error' "$folder/tests.log" || echo "exit status $status")"
  fi
}

# Where the build put what a target is linked to.
output() { # CMAKE_FOLDER TARGET
  (cd "$build/$1" && readlink -f "$(sed -E 's/.* -o ([^ ]+).*/\1/' "CMakeFiles/$2.dir/link.txt")")
}

rm -rf "$folder/objects" && mkdir -p "$folder/objects" "$folder/include/lacuna"
program=$(output . lacuna_cuda_tests)
driver=$(output emulator lacuna_emulated_driver)
checked=$(output emulator lacuna_emulated_driver_check)
library=$(output src/cuda lacuna_cuda)

if [[ $name == *.cpp ]]; then
  compile lacuna_cuda "src/cuda/$name" "$folder/$name" "$folder/objects/$name.o" || verdict stillborn
  link src/cuda lacuna_cuda "$folder/liblacuna_cuda.so" || verdict stillborn
  for mode in fast check; do
    try "$mode" "$([[ $mode == fast ]] && echo "$driver" || echo "$checked")" "$folder/liblacuna_cuda.so"
  done
  verdict survived
fi

if [[ $name == *.cuh ]]; then
  cp "$folder/$name" "$folder/include/lacuna/"
else
  families=${name%.cu}
fi
for mode in fast check; do
  # What only orders memory is nothing to numbers.
  if [[ $mode == fast && $mistake == dropped-* ]]; then continue; fi
  suffix=$([[ $mode == check ]] && echo _check || true)
  for family in ${families//,/ }; do
    sed "s|\"[^\"]*/$name\"|\"$folder/$name\"|" "$build/emulator/$family.cpp" > "$folder/$family.cpp"
    compile "lacuna_emulator$suffix" "emulator/$family.cpp" "$folder/$family.cpp" "$folder/objects/$family.cpp.o" ||
      verdict stillborn
  done
  link emulator "lacuna_emulated_driver$suffix" "$folder/libcuda$suffix.so" || verdict stillborn
  try "$mode" "$folder/libcuda$suffix.so" "$library"
done
verdict survived
