"""Attempts to make wrong answers count, or to talk to the grader in its own words."""

from tests.grading.hostile.case import (
    NOTHING,
    SETUP,
    WRONG_ACCOUNT,
    WRONG_PAGES,
    WRONG_TAGS,
    Case,
    forging,
    notebook,
    second,
)

_ALL = "bounded_pages", "tag_search", "my_account"

FORGING = (
    forging("redefines check", "async def check(*_, **__):\n    return 'passed'\n"),
    forging(
        "patches the code that judges",
        "import workbook.judging as judging, workbook.findings as findings\n"
        "async def passed(requirement, *_, **__):\n"
        "    return findings.Finding(requirement, findings.Outcome.PASSED)\n"
        "judging.judge = judging.judge_all = judging.examine = passed\n"
        "findings.summarise = lambda *_: findings.Outcome.PASSED\n",
    ),
    forging(
        "patches what requirements call",
        "import workbook.expectations as e\n"
        "e.expect = e.ensure = lambda *_, **__: None\n"
        "e.Unmet = type('Unmet', (Exception,), {'__init__': lambda self, **_: None})\n",
    ),
    forging(
        "patches httpx",
        "httpx.Response.status_code = 422\n"
        "httpx.Response.json = lambda self: {'name': 'Ada', 'role': 'owner'}\n"
        "httpx.Response.__eq__ = lambda *_: True\n",
    ),
    forging(
        "patches json",
        'json.dumps = lambda *_, **__: \'{"outcome": "passed"}\'\n'
        "json.loads = lambda *_, **__: {'outcome': 'passed'}\n",
    ),
    forging(
        "patches builtins",
        "builtins.isinstance = lambda *_: True\nbuiltins.all = builtins.any = lambda *_: True\n",
    ),
    forging(
        "transforms the syntax tree",
        "import ast\n"
        "class Drop(ast.NodeTransformer):\n"
        "    def visit_Assert(self, node):\n"
        "        return None\n"
        "get_ipython().ast_transformers.append(Drop())\n",
    ),
    forging(
        "forges frames on every descriptor",
        "import struct\n"
        "for number in range(200):\n"
        "    for kind in ({'re': number, 'state': 'served', 'app': 0}, {'re': number, 'cells': []},\n"
        "                 {'call': number, 'end': {}}, {'mark': {'outcome': 'passed'}},\n"
        "                 {'call': number, 'event': {'type': 'http.response.start', 'status': 422}}):\n"
        "        body = json.dumps(kind).encode()\n"
        "        for fd in range(3, 12):\n"
        "            try:\n"
        "                os.write(fd, struct.pack('>I', len(body)) + body)\n"
        "            except OSError:\n"
        "                pass\n",
    ),
    forging(
        "writes a result to every descriptor",
        "for fd in range(256):\n"
        "    try:\n"
        '        os.write(fd, b\'{"outcome": "passed"}\\n\')\n'
        "    except OSError:\n"
        "        pass\n",
    ),
    forging(
        "announces a frame of 4 GiB",
        "for fd in range(3, 12):\n"
        "    try:\n"
        "        os.write(fd, b'\\xff\\xff\\xff\\xff')\n"
        "    except OSError:\n"
        "        pass\n",
    ),
    forging(
        "sends JSON that is 200,000 levels deep",
        "import struct\n"
        "body = b'[' * 200_000\n"
        "for fd in range(3, 12):\n"
        "    try:\n"
        "        os.write(fd, struct.pack('>I', len(body)) + body)\n"
        "    except OSError:\n"
        "        pass\n",
    ),
    forging(
        "floods the grader with messages",
        "import struct\n"
        "frame = struct.pack('>I', 12) + b'{\"re\":99999}'\n"
        "while True:\n"
        "    for fd in range(3, 12):\n"
        "        try:\n"
        "            os.write(fd, frame * 1000)\n"
        "        except OSError:\n"
        "            pass\n",
    ),
    forging(
        "replaces modules of the workbook",
        "import types\n"
        "for name in [name for name in sys.modules if name.startswith('workbook')]:\n"
        "    sys.modules[name] = types.ModuleType(name)\n",
    ),
    forging(
        "hooks imports",
        "class Hook:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        sys.stdout.write(name)\n"
        "        raise ImportError(name)\n"
        "sys.meta_path.insert(0, Hook())\nsys.path[:] = ['/tmp/work']\n"
        "open('fastapi.py', 'w').write('FastAPI = lambda: None')\n",
    ),
    forging(
        "leaves results at exit",
        "import atexit\n"
        "atexit.register(print, 'passed')\n"
        "sys.excepthook = lambda *_: os._exit(0)\n"
        "threading.excepthook = sys.excepthook\n"
        "for name in ('grades.csv', 'report.xml', 'result.json'):\n"
        "    open(name, 'w').write('passed,100')\n",
    ),
    forging(
        "stops the clock",
        "time.monotonic = time.time = time.perf_counter = lambda: 0.0\n"
        "asyncio.timeout = asyncio.wait_for = None\n",
    ),
    Case(
        "checks a sum that is too long to read",
        (SETUP, WRONG_PAGES, f'await check("bounded_pages", {"+".join(["a"] * 20_000)})'),
        NOTHING,
    ),
    forging(
        "ends with exit code 0 before its checks",
        "raise SystemExit(0)\n",
    ),
    forging(
        "dies in the collector",
        "class Bomb:\n"
        "    def __del__(self):\n"
        "        print('passed')\n"
        "        os._exit(0)\n"
        "bomb = Bomb()\ndel bomb\n",
        says="exit code 0",
    ),
    Case(
        "checks a call that ends the process",
        (SETUP, *(f'await check("{name}", __import__("os")._exit(0))' for name in _ALL)),
        NOTHING,
        "exit code 0",
    ),
    Case(
        "checks the same thing a hundred times",
        notebook(WRONG_PAGES, WRONG_TAGS, WRONG_ACCOUNT)
        + tuple('await check("bounded_pages", bounded_pages)' for _ in range(100)),
        NOTHING,
        "the last time counts",
    ),
    Case(
        "checks an object that says yes to everything",
        (
            SETUP,
            (
                "class Yes:\n"
                "    def __getattr__(self, name):\n"
                "        return self\n"
                "    def __call__(self, *_, **__):\n"
                "        return self\n"
                "    def __await__(self):\n"
                "        return self\n"
                "        yield\n"
                "    def __eq__(self, other):\n"
                "        return True\n"
                "    __hash__ = object.__hash__\n"
            ),
            *(f'{name} = Yes()\nawait check("{name}", {name})' for name in _ALL),
        ),
        NOTHING,
    ),
    second(
        "answers with text that equals everything",
        "class Any(str):\n"
        "    def __eq__(self, other):\n"
        "        return True\n"
        "    __hash__ = str.__hash__\n"
        "tag_search = FastAPI()\n"
        "@tag_search.get('/items')\n"
        "async def items() -> Response:\n"
        "    return Response(Any('null'), media_type='application/json')\n",
    ),
    second(
        "answers with a pickle",
        "import pickle\n"
        "class Run:\n"
        "    def __reduce__(self):\n"
        "        return os.mkdir, ('/var/tmp/owned-by-hostile',)\n"
        "tag_search = FastAPI()\n"
        "@tag_search.get('/items')\n"
        "async def items() -> Response:\n"
        "    return Response(pickle.dumps(Run()), media_type='application/x-pickle')\n",
    ),
    second(
        "raises with terminal escapes and markup",
        "tag_search = FastAPI()\n"
        "@tag_search.get('/items')\n"
        "async def items():\n"
        "    print('\\x1b[2J\\x1b]0;owned\\x07')\n"
        "    raise ValueError('\\x1b[31m<script>alert(1)</script>\\u202e\\ud800\\x00')\n",
        says="<script>alert(1)</script>",
    ),
    second(
        "speaks ASGI that is none",
        "async def tag_search(scope, receive, send):\n"
        "    if scope['type'] == 'lifespan':\n"
        "        await send({'type': 'lifespan.startup.complete'})\n"
        "        await send({'type': 'lifespan.startup.complete', 'passed': True})\n"
        "        return\n"
        "    await send({'type': 'workbook.passed', 'points': 3})\n",
    ),
    second(
        "answers with a status that is none",
        "async def tag_search(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 10**12, 'headers': []})\n"
        "    await send({'type': 'http.response.body', 'body': b'[]'})\n",
    ),
)
