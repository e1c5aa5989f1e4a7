"""Attempts to use up the machine, to hang, to end the grader or a neighbour."""

from tests.grading.hostile.case import ACCOUNT, PAGES, SETUP, TAGS, Case, harming, second

_APP = "tag_search = FastAPI()\n@tag_search.get('/items')\n"

HARMING = (
    harming("takes 8 GB", "hoard = bytearray(8 << 30)\n", says="more memory than"),
    harming(
        "takes memory bit by bit",
        "hoard = []\nwhile True:\n    hoard.append('x' * 10**6)\n",
        says="was left out",
    ),
    harming(
        "laughs a billion times",
        "laugh = ['ha'] * 10\nfor _ in range(12):\n    laugh = [list(laugh) for _ in range(10)]\n",
    ),
    harming("forks without end", "while True:\n    os.fork()\n"),
    harming(
        "starts threads without end",
        "while True:\n    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n",
    ),
    harming(
        "fills the disk",
        "number = 0\nwhile True:\n    open(f'fill{number}', 'wb').write(bytes(1 << 20))\n"
        "    number += 1\n",
    ),
    harming(
        "fills the disk with empty files",
        "number = 0\nwhile number < 100_000:\n    open(f'/dev/shm/{number}', 'w').close()\n"
        "    number += 1\n",
    ),
    harming("floods its output", "for _ in range(200):\n    print('x' * 1_000_000)\n"),
    harming(
        "opens files without end", "files = []\nwhile True:\n    files.append(open(os.devnull))\n"
    ),
    harming("loops for ever", "while True:\n    pass\n", says="limit of"),
    harming("sleeps for ever", "time.sleep(10**6)\n", says="limit of"),
    harming("awaits for ever", "while True:\n    await asyncio.sleep(0)\n", says="limit of"),
    harming(
        "swallows every exception",
        "while True:\n    try:\n        while True:\n            pass\n"
        "    except BaseException:\n        continue\n",
        says="limit of",
    ),
    harming(
        "ignores signals and loops",
        "for number in range(1, 65):\n"
        "    try:\n        signal.signal(number, signal.SIG_IGN)\n"
        "    except (OSError, ValueError):\n        pass\n"
        "while True:\n    pass\n",
        says="limit of",
    ),
    harming("exits at once", "os._exit(0)\n", says="exit code 0"),
    harming(
        "aborts", "import faulthandler\nfaulthandler.enable()\nos.abort()\n", says="was left out"
    ),
    harming("reads address 0", "ctypes.string_at(0)\n", says="was left out"),
    harming(
        "recurses without end",
        "sys.setrecursionlimit(10**9)\ndef down(n):\n    return repr([down(n + 1)])\ndown(0)\n",
    ),
    harming(
        "ends every process that it can name",
        "for target in (os.getppid(), -1, *range(2, 50)):\n"
        "    try:\n        os.kill(target, signal.SIGKILL)\n"
        "    except OSError:\n        pass\n",
    ),
    harming(
        "deletes all that it can",
        "import shutil\nfor place in ('/', '/usr', '/tmp', '/dev/shm', os.getcwd()):\n"
        "    shutil.rmtree(place, ignore_errors=True)\n",
    ),
    harming("stops the loop", "asyncio.get_running_loop().stop()\nawait asyncio.sleep(1)\n"),
    harming(
        "cancels every task",
        "for task in asyncio.all_tasks():\n    task.cancel()\nawait asyncio.sleep(1)\n",
    ),
    harming("closes every descriptor", "os.closerange(0, 4096)\n", says="was left out"),
    harming(
        "keeps a thread busy",
        "def spin():\n    while True:\n        pass\n"
        "threading.Thread(target=spin, daemon=True).start()\n",
    ),
    harming(
        "traces every line",
        "def trace(frame, event, argument):\n    return trace\n"
        "sys.settrace(trace)\nsys.setprofile(lambda *_: None)\n"
        "gc.callbacks.append(lambda *_: [0] * 10)\ngc.set_threshold(1)\n",
    ),
    harming("has a cell of 3 MB", f"text = '''{'x' * 3_000_000}'''\n"),
    harming(
        "nests 100,000 brackets", f"deep = {'(' * 100_000}{')' * 100_000}\n", says="SyntaxError"
    ),
    harming("holds a null byte and half a character", "text = 'a\0b'\n", "text = '\ud800'\n"),
    harming("has a thousand cells", *(f"x{number} = {number}" for number in range(1000))),
    harming("adds up a sum that is too long to parse", f"total = {'+'.join('0' * 20_000)}\n"),
    harming(
        "stops its own process",
        "try:\n    os.kill(os.getpid(), signal.SIGSTOP)\nexcept OSError:\n    pass\n",
    ),
    harming(
        "sends its descriptors to the grader",
        "import array\n"
        "files = [os.open(os.devnull, os.O_RDONLY) for _ in range(100)]\n"
        "for fd in range(3, 12):\n"
        "    try:\n"
        "        connection = socket.socket(fileno=os.dup(fd))\n"
        "        connection.sendmsg([b'\\0\\0\\0\\x02{}'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,\n"
        "                           array.array('i', files))])\n"
        "    except OSError:\n"
        "        pass\n",
        says="was left out",
    ),
    harming(
        "fills the buffers of sockets and pipes",
        "ends = []\n"
        "try:\n"
        "    while True:\n"
        "        ends += [*socket.socketpair()]\n"
        "        ends[-1].setblocking(False)\n"
        "        ends[-1].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)\n"
        "        try:\n"
        "            while True:\n"
        "                ends[-1].send(bytes(65536))\n"
        "        except BlockingIOError:\n"
        "            pass\n"
        "except OSError:\n"
        "    del ends[:8]\n",
    ),
    harming(
        "locks every file that it can read",
        "import fcntl\n"
        "locked = []\n"
        "for name in [one.__file__ for one in sys.modules.values() if getattr(one, '__file__', '')]:\n"
        "    try:\n"
        "        locked.append(open(name))\n"
        "        fcntl.flock(locked[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "    except OSError:\n"
        "        pass\n"
        "del locked[100:]\n",
    ),
    Case(
        "ends the process in the cell of an answer",
        (
            SETUP,
            PAGES,
            'await check("bounded_pages", bounded_pages)',
            f"{TAGS}\nos._exit(0)\n",
            'await check("tag_search", tag_search)',
            ACCOUNT,
            'await check("my_account", my_account)',
        ),
        "4/0/4",
        "it ended its process (exit code 0)",
    ),
    Case("has no check at all", (SETUP, PAGES, TAGS, ACCOUNT), "4/3/4", "was checked all the same"),
    second(
        "hangs in an endpoint",
        f"{_APP}async def items():\n    while True:\n        pass\n",
        says="did not answer within",
    ),
    second(
        "waits for ever in an endpoint",
        f"{_APP}async def items():\n    await asyncio.sleep(10**6)\n",
        says="did not answer within",
    ),
    second(
        "hangs in a thread of an endpoint",
        f"{_APP}def items():\n    while True:\n        pass\n",
        says="did not answer within",
    ),
    second(
        "ends the process in an endpoint",
        f"{_APP}async def items():\n    os._exit(3)\n",
        says="exit code 3",
    ),
    second(
        "hangs in the lifespan",
        "from contextlib import asynccontextmanager\n"
        "@asynccontextmanager\nasync def lifespan(app):\n    while True:\n        pass\n    yield\n"
        "tag_search = FastAPI(lifespan=lifespan)\n",
        says="lifespan",
    ),
    second(
        "ends the process in the lifespan",
        "from contextlib import asynccontextmanager\n"
        "@asynccontextmanager\nasync def lifespan(app):\n    os._exit(4)\n    yield\n"
        "tag_search = FastAPI(lifespan=lifespan)\n",
        says="exit code 4",
    ),
    second(
        "hangs when it is looked at",
        "class Trap:\n    def __getattribute__(self, name):\n        while True:\n            pass\n"
        "    def __eq__(self, other):\n        while True:\n            pass\n"
        "    __hash__ = None\n"
        "tag_search = Trap()\n",
    ),
    second(
        "streams without end",
        f"{_APP}async def items():\n"
        "    async def drops():\n        while True:\n            yield b'[1, 2, 3]' * 100\n"
        "    return StreamingResponse(drops())\n",
    ),
    second(
        "drips for ever",
        f"{_APP}async def items():\n"
        "    async def drops():\n        while True:\n            yield b' '\n"
        "            await asyncio.sleep(0.2)\n"
        "    return StreamingResponse(drops())\n",
        says="did not answer within",
    ),
    second(
        "answers with 300 MB",
        f"{_APP}async def items():\n    return Response(bytes(300 << 20))\n",
    ),
    second(
        "answers with a gzip bomb",
        f"{_APP}async def items():\n"
        "    import zlib\n"
        "    packer = zlib.compressobj(wbits=31)\n"
        "    bomb = b''.join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()\n"
        "    return Response(bomb, headers={'content-encoding': 'gzip'})\n",
        says="larger than 16 MiB",
    ),
    second(
        "answers with packed layers",
        f"{_APP}async def items():\n"
        "    import gzip\n"
        "    bomb = gzip.compress(gzip.compress(bytes(1 << 24)))\n"
        "    return Response(bomb, headers={'content-encoding': 'gzip, gzip'})\n",
        says="content-encoding",
    ),
    second(
        "answers with JSON that is very deep",
        f"{_APP}async def items():\n"
        "    return Response('[' * 500_000 + ']' * 500_000, media_type='application/json')\n",
    ),
    second(
        "answers with a number of a million digits",
        f"{_APP}async def items():\n"
        "    return Response('1' * 1_000_000, media_type='application/json')\n",
    ),
    second(
        "answers with a megabyte of headers",
        f"{_APP}async def items():\n"
        "    return Response('[]', headers={f'x-{n}': 'y' * 1000 for n in range(1000)})\n",
        says="headers are larger",
    ),
    second(
        "answers in a charset that takes very long to read",
        f"{_APP}async def items():\n"
        "    text = b'a' * 20 + b'-' + bytes(range(97, 123)) * 20_000\n"
        "    return Response(text, media_type='text/plain; charset=punycode')\n",
        says="charset punycode",
    ),
    second(
        "answers with halves of characters and no numbers",
        f"{_APP}async def items():\n"
        "    return Response('[\"\\\\ud800\", NaN, -Infinity, 1e999]', media_type='application/json')\n",
    ),
    second(
        "sends the client to a service of the machine",
        f"{_APP}async def items():\n"
        "    return Response(status_code=307, headers={'location': 'http://127.0.0.1:{PORT}/'})\n",
    ),
    second(
        "sends a file of the grader",
        "async def tag_search(scope, receive, send):\n"
        "    if scope['type'] == 'http':\n"
        "        await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
        "        await send({'type': 'http.response.pathsend', 'path': '/etc/hostname'})\n",
        says="http.response.pathsend",
    ),
)
