# Writes marshalled lambdas, as a model file has them, for the Python that runs this: `pythonX.Y make_lambdas.py`.
# Runs with any Python from 2.7 on, so it looks a little old.
import base64
import json
import marshal
import sys

SOURCES = {
    "add": "lambda x: x + 1",
    "half": "lambda x: (x + 1) / 2",
    "sum": "lambda x, axis=1: tf.reduce_sum(K.square(x), axis=axis, keepdims=True)",
    "inner": "lambda xs: [x * 2 for x in xs if x > 0][0]",
    "choice": "lambda x: x[0] if x else (1.5, -7, 'text', None, 12345678901234567890)",
}


def encoded(source):
    constants = compile(source, "lambdas.py", "eval").co_consts
    code = [value for value in constants if hasattr(value, "co_code")][0]
    return base64.b64encode(marshal.dumps(code)).decode("ascii")


print(json.dumps({"%d.%d" % sys.version_info[:2]: {name: encoded(SOURCES[name]) for name in sorted(SOURCES)}}))
