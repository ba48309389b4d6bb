# The everyday commands. `just` lists them.

default:
    @just --list

# Check a scenario (or several) with an optimised build.
check *ARGS:
    cargo run -q --release -p kmapcheck -- check {{ARGS}}

# Run every scenario against its `expect`.
scenarios:
    cargo run -q --release -p kmapcheck -- test scenarios

# The whole test suite.
test:
    cargo test --workspace

# What CI runs.
ci:
    bash .ci/run

# Formatting, lints and docs, as CI wants them.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Exported scenarios, run by SPIN and Rumur, against the reference (needs spin, rumur, gcc; tcc helps).
interop:
    cargo test -p kmapcheck-export --test interop -- --ignored --nocapture --test-threads 1

# kmapcheck beside SPIN, Rumur and stateright (needs spin, rumur, gcc); `just bench quick` is small.
bench *ARGS:
    cargo build --release --locked -p kmapcheck
    cargo run --release --locked --manifest-path crates/bench/Cargo.toml -- --kmapcheck "${CARGO_TARGET_DIR:-target}/release/kmapcheck" {{ if ARGS == "quick" { "--quick" } else { ARGS } }}

# Every scenario with 1,024 slots and units and 32,767 tasks: which are settled in two seconds of CPU.
real-sizes *ARGS:
    cargo build --release --locked -p kmapcheck
    cargo run --release --locked --manifest-path crates/bench/Cargo.toml -- real-sizes --kmapcheck "${CARGO_TARGET_DIR:-target}/release/kmapcheck" {{ARGS}}

# Rewrite the stored messages, snapshots and outputs in the docs; read the diff.
update:
    KMAPCHECK_UPDATE=1 INSTA_UPDATE=always cargo test --workspace

# Proofs about every number against the reference at small numbers, on random programs.
fuzz-any CASES="5000":
    KMAPCHECK_CASES={{CASES}} cargo test --release -p kmapcheck-prove --test agree

# What the commands say of scenarios that aim at edges, against the reference at small numbers; a
# part of it with the name of a test. KMAPCHECK_SEED=N does once more what that seed did.
fuzz-edges CASES="5000" *TEST:
    KMAPCHECK_CASES={{CASES}} cargo test --release --workspace --test edges --test certified {{TEST}} -- --nocapture

# What counting gives and takes excludes, and what of it is certified, against the reference.
fuzz-given CASES="30000":
    KMAPCHECK_CASES={{CASES}} cargo test --release -p kmapcheck-equations --test reference about_what_anybody -- --nocapture
    KMAPCHECK_CASES={{CASES}} cargo test --release -p kmapcheck-verify --lib --test certified -- of_gives who_is_stuck --nocapture

# What is excluded where tasks queue or wait in selects, against the reference.
fuzz-queues CASES="30000":
    KMAPCHECK_CASES={{CASES}} cargo test --release -p kmapcheck-equations --test reference queues_and_selects -- --nocapture

# The machine against the contract, written a second time, on runs of random programs.
fuzz-contract CASES="20000":
    KMAPCHECK_CASES={{CASES}} cargo test --release -p kmapcheck-machine --test contract random_runs

# The search against the reference on 10,000 random programs.
fuzz-agree CASES="10000":
    KMAPCHECK_CASES={{CASES}} cargo test --release -p kmapcheck-search

# Random inputs for what reads files: scenario, model, trace or certificate, for so many seconds.
# Needs cargo-fuzz and a C++ compiler. A finding is in crates/fuzz/artifacts.
fuzz TARGET SECONDS="60" *ARGS="":
    #!/usr/bin/env bash
    set -euo pipefail
    fuzz=crates/fuzz
    # What the search begins with is made anew of scenarios/ and models/; what it adds is in corpus/.
    export KMAPCHECK_SEEDS=$PWD/$fuzz/seeds/{{TARGET}}
    rm -rf "$KMAPCHECK_SEEDS"
    mkdir -p $fuzz/corpus/{{TARGET}}
    # Nothing here is unsafe, so sanitizers have nothing to find, and no nightly Rust is needed.
    cargo fuzz run --fuzz-dir $fuzz --sanitizer none {{TARGET}} \
        $fuzz/corpus/{{TARGET}} "$KMAPCHECK_SEEDS" -- \
        -max_total_time={{SECONDS}} -dict=$fuzz/json.dict -timeout=20 -rss_limit_mb=2048 {{ARGS}}

# Small faults seeded into a crate, one after the other: do its own tests notice? Goes on where it was
# stopped; needs cargo-mutants, which says what the faults are.
mutants CRATE *ARGS:
    cargo run --release --locked --manifest-path crates/mutants/Cargo.toml -- {{CRATE}} {{ARGS}}

# Every command on hostile inputs, under limits, with 4 GB of address space; PART is a part of the
# names of inputs or commands. Takes half an hour.
hostile PART="":
    cargo test --release --workspace --test hostile --no-run
    ulimit -v 4194304 && KMAPCHECK_HOSTILE={{PART}} cargo test --release --workspace --test hostile -- --ignored --nocapture

# The page of `check --html` in a real browser, and through the HTML validator.
browser:
    bash .ci/browser

# The book as pages for browsers, in target/book (needs mdbook).
book:
    mdbook build docs

# The picture of the page in docs/.
picture:
    #!/usr/bin/env bash
    set -euo pipefail
    page=$(mktemp --suffix .html)
    cargo run -q -p kmapcheck -- check --quiet --html "$page" scenarios/pte-highmem/read-against-fault.json
    chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --window-size=1180,1130 \
        --screenshot=docs/page.png "file://$page"
    rm "$page"

# What needs other programs than Rust: Graphviz reads the DOT files, xmllint the JUnit files
# (Debian's graphviz and libxml2-utils), and Mermaid the diagrams.
outside:
    cargo test -p kmapcheck --test pictures --test suite -- --ignored
    bash .ci/mermaid

# The arguments of docs/mechanised, checked by Rocq (Debian's coq; installed where it is missing).
mechanised:
    bash .ci/mechanised

# Write the matrix of all paths of the patch anew into docs/the-patch.md.
matrix:
    cargo build --release --locked -p kmapcheck
    bash .ci/matrix --update
