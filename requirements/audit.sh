#!/bin/sh
# Looks up the known vulnerabilities of all that is shipped, Python and page. `make audit` runs it in the project's folder.
#
# Ends with 0 if none is known, with 1 if there are some, and with 2 if somebody could not be asked. A mirror of PyPI or of the npm
# registry often hands out packages and knows nothing of their vulnerabilities: then nothing was looked up, and nobody should think so.

said=$(mktemp) && trap 'rm -f "$said"' EXIT
outcome=0

# look_up WHAT FOUND COMMAND...: FOUND is what the command says when it was answered, whatever the answer.
look_up() {
    what=$1 found=$2
    shift 2
    if "$@" >"$said" 2>&1; then
        echo "$what: no known vulnerability"
    elif grep -Eq "$found" "$said"; then
        cat "$said"
        echo "$what: vulnerabilities are known, see above"
        [ "$outcome" -eq 2 ] || outcome=1
    else
        tail -n 5 "$said"
        echo "$what: NOT LOOKED UP. The registry that this machine asks gave no answer about vulnerabilities."
        outcome=2
    fi
}

look_up "requirements/runtime.txt" "Found [0-9]+ known vulnerabilit" \
    .venv/supply/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements/runtime.txt
look_up "web/package-lock.json" "[0-9]+ ([a-z]+ severity )?vulnerabilit" npm --prefix web audit --omit=dev

[ "$outcome" -ne 2 ] || echo "Run make audit where PyPI and the npm registry themselves can be reached." >&2
exit "$outcome"
