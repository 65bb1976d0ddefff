#!/usr/bin/env bash
# A duo from nothing: problems -> tokenizer -> generator -> candidates -> verifier -> ONNX -> validation figures -> card.
#
#   runs/duo.sh GSM8K_TRAIN.jsonl OUT [SIZE]
#
# GSM8K_TRAIN.jsonl is train.jsonl of github.com/openai/grade-school-math (MIT). SIZE is the dial of
# tinygsm_edge.training.generator (1m 3m 6m 10m 40m 125m; default 6m). Interrupted, it continues where it stopped.
# From the environment: MATHCAMPS (mathcamps.json, MIT), DECONTAMINATE (folder of hashes), GENERATOR_MINUTES,
# ANNEAL_MINUTES, VERIFIER_MINUTES, ROWS (training problems), QUESTIONS and CANDIDATES (for the verifier), PROBLEMS (to
# evaluate, of the 512 validation problems), SAMPLE_ROWS (batch; thousands
# on a GPU), GENERATOR_FLAGS and VERIFIER_FLAGS (passed on).
set -euo pipefail
shopt -s nullglob
gsm8k=$(realpath "$1") out=$(realpath -m "$2") size=${3:-6m}
[ -z "${MATHCAMPS:-}" ] || MATHCAMPS=$(realpath "$MATHCAMPS")
[ -z "${DECONTAMINATE:-}" ] || DECONTAMINATE=$(realpath "$DECONTAMINATE")
cd "$(dirname "$0")/.."
mkdir -p "$out/record"

sources=(--gsm8k "$gsm8k")
[ -z "${MATHCAMPS:-}" ] || sources+=(--mathcamps "$MATHCAMPS")
[ -z "${DECONTAMINATE:-}" ] || sources+=(--decontaminate "$DECONTAMINATE")
mix=real=0.06,resampled=0.42,template=0.36,composed=0.14
[ -z "${MATHCAMPS:-}" ] || mix=$mix,mathcamps=0.02

step() { # step RESULT COMMAND...: run the command unless its result is there
  local result=$1
  shift
  if [ ! -e "$result" ]; then
    echo "+ $*" >&2
    "$@"
  fi
}
build() { python -m tinygsm_edge.problems build "${sources[@]}" "$@"; }
record() { "${@:2}" | tee "$out/record/$1.partial" && mv "$out/record/$1.partial" "$out/record/$1"; }

step "$out/record/data.txt" record data.txt build --out "$out/train" --size "${ROWS:-110000}" --seed 1 \
  --mix "$mix" --validation "$out/validation.jsonl"
step "$out/tokenizer.json" python -m tinygsm_edge.training.tokenizer --data "$out/train" --out "$out/tokenizer.json"

step "$out/generator/final" python -m tinygsm_edge.training.generator --data "$out/train" \
  --validation "$out/validation.jsonl" --tokenizer "$out/tokenizer.json" --size "$size" --out "$out/generator" \
  --time-budget "${GENERATOR_MINUTES:-74}" --batch-tokens 4096 --learning-rate 0.003 --decay-share 0.5 \
  --warmup-steps 100 --save-every 400 --compile ${GENERATOR_FLAGS:-}

# Annealing: a short last stage on everyday patterns in many wordings, beside resampled real problems.
step "$out/record/anneal.txt" record anneal.txt build --out "$out/anneal" --size 24000 --seed 3 \
  --mix resampled=0.4,template=0.6 --templates tinygsm_edge/problems/templates/basics --keep-near-duplicates
step "$out/annealed/final" python -m tinygsm_edge.training.generator --data "$out/anneal" \
  --validation "$out/validation.jsonl" --tokenizer "$out/tokenizer.json" --init-from "$out/generator/final" \
  --out "$out/annealed" --time-budget "${ANNEAL_MINUTES:-7}" --batch-tokens 4096 --learning-rate 0.0015 \
  --decay-share 0.8 --warmup-steps 20 --save-every 400 --compile ${GENERATOR_FLAGS:-}

# The verifier learns on problems that the generator has not been trained on: fresh draws under another seed, and real
# questions, of which it has seen each once. An earlier checkpoint beside the final ones makes the candidates diverse.
step "$out/questions/card.json" build --out "$out/questions" --size "${QUESTIONS:-3000}" --seed 2 \
  --mix real=0.4,resampled=0.3,template=0.2,composed=0.1
steps=("$out"/generator/step-??????)
checkpoints=("$out/annealed/final" "$out/generator/final")
[ "${#steps[@]}" -eq 0 ] || checkpoints+=("${steps[$((${#steps[@]} * 3 / 4))]}")
if [ ! -e "$out/record/candidates.txt" ]; then # continues by itself where it was interrupted
  record candidates.txt python -m tinygsm_edge.training.sample --data "$out/questions" \
    --checkpoints "${checkpoints[@]}" --out "$out/candidates.jsonl" --candidates "${CANDIDATES:-24}" \
    --rows "${SAMPLE_ROWS:-384}" --max-tokens 192 # 24 divides among 2 or 3 checkpoints and 2 temperatures
fi
step "$out/verifier/final" python -m tinygsm_edge.training.verifier --candidates "$out/candidates.jsonl" \
  --generator "$out/annealed/final" --out "$out/verifier" --time-budget "${VERIFIER_MINUTES:-15}" --steps 3000 \
  --batch-tokens 4096 --learning-rate 0.001 --warmup-steps 50 --compile ${VERIFIER_FLAGS:-}

step "$out/duo" python -m export --generator "$out/annealed/final" --verifier "$out/verifier/final" --out "$out/duo" \
  --precision int8 --problems "$out/validation.jsonl" --licence mit --name "tinygsm-edge-$size"
if [ ! -e "$out/record/evaluate.txt" ]; then
  record evaluate.txt python -m tinygsm_edge.evaluate --data "$out/validation.jsonl" --duo "$out/duo" --candidates 48 \
    --out "$out/results.jsonl" --limit "${PROBLEMS:-512}"
fi
cp "$out/generator/final/training.json" "$out/record/generator.json"
cp "$out/annealed/final/training.json" "$out/record/annealed.json"
cp "$out/verifier/final/training.json" "$out/record/verifier.json"
[ -e "$out/record/hardware.txt" ] || python -m benchmarks machine > "$out/record/hardware.txt"
python -m export.card "$out/duo" --record "$out/record"
echo "$out/duo is ready: python -m tinygsm_edge.solve --duo $out/duo \"...\""
