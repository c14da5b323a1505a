"""Renders templates by Jinja2 itself: a JSON list of cases comes in, a list of outputs or refusals goes out.

A case is {"templates": {"main": source, …}, "data": {…}}; an outcome {"output": text}, {"error": "syntax"} or
{"error": "runtime", "message": text}. The differences that docs/templates.md lists for printed values are made here, by `finalize`.
"""
import json
import sys

import jinja2


# Given the context, so that it is called for constants too.
@jinja2.pass_context
def finalize(_context, value):
    if value is True or value is False:
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


def outcome(case):
    # Its optimizer joins constants with ~ as plain text: {{ '<b>'|safe ~ 'x' }} would not be safe, {{ b|safe ~ 'x' }} is.
    environment = jinja2.Environment(
        autoescape=True,
        finalize=finalize,
        loader=jinja2.DictLoader(case["templates"]),
        optimized=False,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False}
    try:
        for name in case["templates"]:
            environment.get_template(name)
    except (jinja2.TemplateSyntaxError, jinja2.TemplateNotFound, RecursionError, SyntaxError):
        return {"error": "syntax"}
    try:
        return {"output": environment.get_template("main").render(**case["data"])}
    except jinja2.TemplateSyntaxError:
        return {"error": "syntax"}
    except jinja2.TemplateNotFound:
        return {"error": "syntax"}
    except Exception as error:
        return {"error": "runtime", "message": repr(error)}


json.dump([outcome(case) for case in json.load(sys.stdin)], sys.stdout, ensure_ascii=True)
