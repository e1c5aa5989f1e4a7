"""Attempts to read what is not theirs, to reach others, or to gain rights."""

from tests.grading.hostile.case import Case, spying
from workbook.chapters import ROOT

_PLACES = [str(ROOT / name) for name in ("solutions", "tests", "workbook/exercises", "chapters")]
_LIBC = "libc = ctypes.CDLL(None, use_errno=True)\n"

SPYING: tuple[Case, ...] = (
    spying(
        "reads the requirements from the disk",
        "import inspect, importlib\n"
        "import workbook, workbook.exercise\n"
        f"for place in {_PLACES!r}:\n"
        "    refused(os.listdir, place)\n"
        "here = os.path.dirname(workbook.__file__)\n"
        "for name in ('exercises', 'questions', 'grading/marking.py', 'grading/trial_host.py'):\n"
        "    refused(os.stat, os.path.join(here, name))\n"
        "refused(importlib.import_module, 'workbook.exercises.ch02_fastapi_basics')\n"
        "refused(workbook.exercise.exercises)\n",
    ),
    spying(
        "looks for requirements in its own memory",
        "if found := [one for one in gc.get_objects() if getattr(one, '__name__', '') in\n"
        "             ('refuses_large_limit', 'answers_the_right_page', 'finds_by_tags')]:\n"
        "    raise SystemExit(found)\n"
        "if [one for one in gc.get_objects() if type(one).__name__ == 'Requirement']:\n"
        "    raise SystemExit('a requirement')\n",
    ),
    spying(
        "reads /proc",
        "for path in ('/proc/1/environ', '/proc/self/maps', '/proc/self/mem', '/proc/cpuinfo',\n"
        "             '/proc/self/root/etc/shadow', '/proc/1/root', '/proc/sys/kernel/core_pattern'):\n"
        "    refused(open, path, 'rb')\n"
        "refused(os.listdir, '/proc')\n"
        "refused(os.listdir, '/sys')\n",
    ),
    spying(
        "reads the machine's accounts and keys",
        "for path in ('/etc/shadow', '/etc/sudoers', '/root/.ssh', '/root/.bashrc', '/home',\n"
        "             '/etc/machine-id', '/var/log', '/run', '/boot'):\n"
        "    refused(os.listdir if os.path.isdir(path) else open, path)\n"
        "try:\n"
        "    accounts = open('/etc/passwd').read()\n"
        "except OSError:\n"
        "    accounts = ''\n"
        "if 'root:' in accounts:\n"
        "    raise SystemExit(accounts)\n",
    ),
    spying(
        "reads the environment",
        "if 'HOSTILE_SECRET' in os.environ or set(os.environ) - {'PATH', 'LANG', 'HOME', 'TZ',\n"
        "                                                        'TMPDIR', 'LC_CTYPE'}:\n"
        "    raise SystemExit(dict(os.environ))\n"
        "environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), 'environ')\n"
        "number = 0\n"
        "while environ[number]:\n"
        "    if b'HOSTILE_SECRET' in environ[number]:\n"
        "        raise SystemExit('a secret')\n"
        "    number += 1\n",
    ),
    spying(
        "calls services of the machine",
        "import urllib.request\n"
        "for port in (5432, 3306, 6379, 5672, 22, int('{PORT}')):\n"
        "    refused(socket.create_connection, ('127.0.0.1', port), 1)\n"
        "    refused(socket.create_connection, ('localhost', port), 1)\n"
        "refused(urllib.request.urlopen, 'http://127.0.0.1:{PORT}/')\n"
        "for path in ('/var/run/postgresql/.s.PGSQL.5432', '/run/docker.sock', '\\0{NAME}'):\n"
        "    refused(lambda: socket.socket(socket.AF_UNIX).connect(path))\n",
    ),
    spying(
        "calls the world",
        "for address in ('1.1.1.1', '8.8.8.8', '169.254.169.254', '10.0.0.1'):\n"
        "    refused(socket.create_connection, (address, 80), 1)\n"
        "refused(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('8.8.8.8', 53)))\n"
        "refused(socket.getaddrinfo, 'example.org', 80)\n",
    ),
    spying(
        "opens sockets of other kinds",
        "for family, kind in ((socket.AF_NETLINK, socket.SOCK_RAW), (socket.AF_PACKET,\n"
        "                     socket.SOCK_RAW), (40, socket.SOCK_STREAM), (38, socket.SOCK_SEQPACKET),\n"
        "                     (socket.AF_INET, socket.SOCK_RAW)):\n"
        "    refused(socket.socket, family, kind)\n",
    ),
    spying(
        "starts programs",
        "import multiprocessing, pty, subprocess\n"
        "refused(subprocess.run, ['/bin/true'])\n"
        "refused(os.execv, '/bin/true', ['true'])\n"
        "refused(os.posix_spawn, '/bin/true', ['true'], {})\n"
        "refused(os.fork)\n"
        "refused(os.forkpty)\n"
        "refused(multiprocessing.get_context('fork').Process(target=print).start)\n"
        "if os.system('true') == 0:\n"
        "    raise SystemExit('a shell')\n",
    ),
    spying(
        "makes system calls through ctypes",
        f"{_LIBC}"
        "import platform\n"
        "x86 = platform.machine() == 'x86_64'\n"
        "calls = dict(ptrace=101, mount=165, unshare=272, setns=308, bpf=321, keyctl=250, chroot=161,\n"
        "             memfd=319, perf=298, userfault=323, pivot=155, uring=425, open_tree=428,\n"
        "             pidfd=434, shmget=29, readv=310, reboot=169, module=175, vfork=58) if x86 else dict(\n"
        "             ptrace=117, mount=40, unshare=97, setns=268, bpf=280, keyctl=219, chroot=51,\n"
        "             memfd=279, perf=241, userfault=282, pivot=41, uring=425, open_tree=428,\n"
        "             pidfd=434, shmget=194, readv=270, reboot=142, module=105)\n"
        "for name, number in calls.items():\n"
        "    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(0)] * 6)\n"
        "    if result != -1 or ctypes.get_errno() not in (1, 38):\n"
        "        raise SystemExit(f'{name}: {result}, {ctypes.get_errno()}')\n"
        "if libc.prctl(1, 0, 0, 0, 0) != -1:\n"
        "    raise SystemExit('it would outlive the grader')\n",
    ),
    spying(
        "opens and makes devices",
        "import glob, stat\n"
        "refused(os.mknod, 'disk', 0o600 | stat.S_IFBLK, os.makedev(254, 0))\n"
        "for path in ('/dev/vda', '/dev/sda', '/dev/mem', '/dev/kmsg', '/dev/tty', '/dev/kvm',\n"
        "             '/dev/fuse', '/dev/net/tun', '/dev/vsock', '/dev/ptmx'):\n"
        "    refused(open, path, 'rb')\n"
        "assert open('/dev/urandom', 'rb').read(4)\n",
    ),
    spying(
        "takes another user's rights",
        "if os.getuid() != 0:\n"
        "    refused(os.setuid, 0)\n"
        "    refused(os.setgid, 0)\n"
        "refused(os.setgroups, [0])\n"
        "refused(os.setpriority, os.PRIO_PROCESS, 0, -20)\n"
        "import fcntl, resource\n"
        "for process in (os.getppid() or 1, 1):\n"
        "    refused(resource.prlimit, process, resource.RLIMIT_CPU, (1, 1))\n"
        "    refused(os.setpriority, os.PRIO_PROCESS, process + 1, 19)\n"
        "    refused(fcntl.fcntl, 1, fcntl.F_SETOWN, process)\n"
        "refused(fcntl.fcntl, 1, fcntl.F_SETSIG, signal.SIGKILL)\n"
        "refused(os.chroot, '.')\n"
        "refused(os.chown, '.', 12345, 12345)\n"
        "import resource\n"
        "refused(resource.setrlimit, resource.RLIMIT_AS, (2**62, 2**62))\n"
        "refused(resource.setrlimit, resource.RLIMIT_CORE, (2**30, 2**30))\n",
    ),
    spying(
        "follows links out of its folder",
        f"for number, place in enumerate(['/etc/shadow', *{_PLACES!r}, '/proc/1/root', '/root']):\n"
        "    os.symlink(place, f'link{number}')\n"
        "    refused(os.listdir, f'link{number}')\n"
        "    refused(open, f'link{number}')\n"
        "refused(os.link, os.__file__, 'hard')\n"
        "refused(os.link, '/etc/shadow', 'hard')\n",
    ),
    spying(
        "writes outside its folder",
        "import workbook\n"
        f"for place in ('/', '/usr/lib', '/etc', '/var/tmp', '/home', '/dev', {str(ROOT)!r},\n"
        "              os.path.dirname(workbook.__file__), os.path.dirname(httpx.__file__),\n"
        "              os.path.dirname(os.__file__), '../../..'):\n"
        "    refused(open, os.path.join(place, 'owned-by-hostile'), 'w')\n"
        "    refused(os.mkdir, os.path.join(place, 'owned-by-hostile'))\n"
        "refused(os.remove, os.__file__)\n"
        "refused(os.truncate, httpx.__file__, 0)\n"
        "refused(os.rename, os.path.dirname(httpx.__file__), 'httpx')\n",
    ),
    spying(
        "uses descriptors that were left open",
        "import stat\n"
        "for fd in range(4096):\n"
        "    try:\n"
        "        kind = os.fstat(fd).st_mode\n"
        "    except OSError:\n"
        "        continue\n"
        "    if stat.S_ISDIR(kind) or stat.S_ISREG(kind) or stat.S_ISBLK(kind):\n"
        "        raise SystemExit(f'{fd} is open: {oct(kind)}')\n",
    ),
)
