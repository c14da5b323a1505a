"""Runs commands of AWS's command line, one JSON line in and one out, since a start of its own takes a second."""
import contextlib
import io
import json
import sys

from awscli.clidriver import create_clidriver

for line in sys.stdin:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf8")
    err = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = create_clidriver().main(json.loads(line))
        except SystemExit as end:
            code = end.code
    out.flush()
    answer = {"code": code, "stdout": out.buffer.getvalue().decode(), "stderr": err.getvalue()}
    print(json.dumps(answer), flush=True)
