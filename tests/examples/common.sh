# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# Shared by the scripts here: a server that is started, waited for, and never outlives the test.
set -u
failed=0
server_pid=
addresses=()
folder=$(mktemp -d)

cleanup() {
    [ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null
    rm -rf "$folder"
}
trap cleanup EXIT

# start_server PROGRAM URI...: runs it, and waits until it has said every address, which it leaves in `addresses`.
start_server() {
    local program=$1 line

    shift
    addresses=()
    mkfifo "$folder/server-output"
    "$program" "$@" >"$folder/server-output" 2>"$folder/server-errors" &
    server_pid=$!
    exec 8<"$folder/server-output"
    rm "$folder/server-output"
    for _ in "$@"; do
        if ! read -r -t 30 -u 8 line; then
            echo "$program does not listen on $*: $(cat "$folder/server-errors")"
            exit 1
        fi
        addresses+=("${line#listening on }")
    done
}

# stop_server SIGNAL: ends it, and checks that it ended as it should.
stop_server() {
    local status

    kill "-$1" "$server_pid"
    wait "$server_pid"
    status=$?
    server_pid=
    expect "the server's status after SIG$1" 0 "$status"
    expect "the server's errors" "" "$(cat "$folder/server-errors")"
}

# stop_impatiently: signals without end until it is gone, which must be an orderly end all the same.
stop_impatiently() {
    local status number=TERM

    while kill "-$number" "$server_pid" 2>/dev/null; do
        [ $number = TERM ] && number=INT || number=TERM
    done
    wait "$server_pid"
    status=$?
    server_pid=
    expect "the status of a server that is told to stop again and again" 0 "$status"
    expect "its errors" "" "$(cat "$folder/server-errors")"
}

# expect WHAT WANTED GOT
expect() {
    [ "$2" != "$3" ] || return 0
    printf '%s:\n  expected: %s\n  but got:  %s\n' "$1" "$2" "$3"
    failed=1
}

# expect_run STATUS OUTPUT ERRORS PROGRAM ARGUMENT...: runs a program to its end and compares everything that is seen of it.
expect_run() {
    local status=$1 output=$2 errors=$3 what="${4##*/} ${5-}" got

    shift 3
    got=$(timeout 60 "$@" 2>"$folder/errors")
    expect "the status of '$what'" "$status" $?
    expect "the output of '$what'" "$output" "$got"
    expect "the errors of '$what'" "$errors" "$(cat "$folder/errors")"
}

# must COMMAND...: a step that has to work; what it prints matters only when it does not.
must() {
    "$@" >"$folder/step.log" 2>&1 || { cat "$folder/step.log" && echo "failed: $*" && exit 1; }
}
