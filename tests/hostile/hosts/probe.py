# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is tried on a host, by the user as whom this runs. It is sent there as text: Python 3.9, no other package.

``python3 -I -c <this> <function>`` reads the arguments as JSON and prints what got through as JSON.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import resource
import select
import shutil
import socket
import stat
import struct
import subprocess
import sys

NOT_ON_DISK = ["/proc", "/sys"]
SHELL = "/bin/sh"
KEPT, STOP = ".kept", ".stop"
IN_CREATE = 0x100  # linux/inotify.h
PTRACE_SEIZE = 0x4206  # attaches without stopping the process
LIBC = ctypes.CDLL(None, use_errno=True)


# Files


def find(roots, without=()):
    """Everything below these folders, by what it is; links are not followed."""
    found = {"files": [], "folders": [], "sockets": []}
    left_out = {*NOT_ON_DISK, *without}
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if os.path.join(folder, name) not in left_out]
            found["folders"].append(folder)
            for name in names:
                path = os.path.join(folder, name)
                with contextlib.suppress(OSError):
                    mode = os.lstat(path).st_mode
                    if stat.S_ISREG(mode):
                        found["files"].append(path)
                    elif stat.S_ISSOCK(mode):
                        found["sockets"].append(path)
    return found


def opens(paths, flags=os.O_RDONLY):
    """The files that can be opened; none is changed."""
    found = []
    for path in paths:
        with contextlib.suppress(OSError):
            os.close(os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC))
            found.append(path)
    return found


def lists(paths):
    """The folders that can be listed."""
    return [path for path in paths if _works(os.listdir, path)]


def writes(without):
    """Files and folders of the whole machine that can be written; how many there were. Nothing stays changed.

    :param without: folders to leave out
    """
    tried = find(["/"], without)
    found = opens(tried["files"], os.O_WRONLY)
    for folder in tried["folders"]:
        name = os.path.join(folder, ".planted-%d" % os.getpid())
        with contextlib.suppress(OSError):
            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            os.unlink(name)
            found.append(folder)
    return {"tried": len(tried["files"]) + len(tried["folders"]), "through": found}


def sets_the_kernel():
    """Files below /proc/sys that can be written, and how many there are."""
    paths = [os.path.join(folder, name) for folder, _folders, names in os.walk("/proc/sys") for name in names]
    return {"tried": len(paths), "through": opens(paths, os.O_WRONLY)}


def links(paths, folder):
    """The files that got a second name in a folder of ours, where they would stay when they are deleted."""
    found = []
    for path in paths:
        name = os.path.join(folder, ".planted-%d" % os.getpid())
        with contextlib.suppress(OSError):
            os.link(path, name, follow_symlinks=False)
            os.unlink(name)
            found.append(path)
    return found


def forges(folder):
    """What would give a program of ours more than we have: root as owner, capabilities, a device."""
    name = os.path.join(folder, ".planted-%d" % os.getpid())
    shutil.copy(SHELL, name)
    deeds = {
        "gives it to root": lambda: os.chown(name, 0, 0),
        "gives it to root's group": lambda: os.chown(name, -1, 0),
        # linux/capability.h: revision 2, effective; every capability permitted
        "gives it capabilities": lambda: os.setxattr(
            name, "security.capability", b"\x01\x00\x00\x02" + b"\xff\xff\xff\xff" + b"\0" * 12
        ),
        "makes a device": lambda: os.mknod(name + "-d", stat.S_IFCHR | 0o600, os.makedev(1, 1)),
        "mounts": lambda: _check(LIBC.mount(b"none", folder.encode(), b"tmpfs", 0, None)),
        "changes its root": lambda: os.chroot(folder),
    }
    try:
        return {"tried": len(deeds), "through": [deed for deed, work in deeds.items() if _works(work)]}
    finally:
        os.unlink(name)


# Processes


def strangers(one_user):
    """What can be done to processes of others, and how much was tried.

    :param one_user: whether everything is one user's, so that other processes of this user are others', too
    """
    through, tried = [], 0
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        with contextlib.suppress(OSError):
            with open("/proc/%d/status" % pid) as file:
                text = file.read()
            name = text.split()[1]
            uid = int(text.split("\nUid:")[1].split()[0])
            if pid == os.getpid() or (uid == os.getuid() and not one_user):
                continue
            for deed, work in _deeds(pid).items():
                tried += 1
                if _works(work):
                    through.append("%s of %s (%d)" % (deed, name, pid))
    return {"tried": tried, "through": through}


def _deeds(pid):
    def read(name):
        return lambda: _read_one("/proc/%d/%s" % (pid, name))

    def goes_to(name):
        return lambda: os.readlink("/proc/%d/%s" % (pid, name))

    return {
        "reads the environment": read("environ"),
        "reads the memory map": read("maps"),
        "reads the memory": lambda: os.close(os.open("/proc/%d/mem" % pid, os.O_RDONLY)),
        "sees the open files": lambda: os.listdir("/proc/%d/fd" % pid),
        "sees the program": goes_to("exe"),
        "enters the folder": lambda: os.listdir("/proc/%d/cwd" % pid),
        "enters the root": lambda: os.listdir("/proc/%d/root" % pid),
        "traces": lambda: _check(LIBC.ptrace(PTRACE_SEIZE, pid, None, None)),
        "signals": lambda: os.kill(pid, 0),
        "moves": lambda: os.sched_setaffinity(pid, os.sched_getaffinity(pid)),
        "limits": lambda: resource.prlimit(pid, resource.RLIMIT_CORE, resource.prlimit(pid, resource.RLIMIT_CORE)),
    }


def process(pid):
    """How a process of ours is confined, what it was given, and which pipes and sockets it holds."""
    status = {}
    with open("/proc/%d/status" % pid) as file:
        for line in file:
            name, _colon, value = line.partition(":")
            status[name] = value.strip()
    with open("/proc/%d/environ" % pid, "rb") as file:
        names = [item.partition(b"=")[0].decode() for item in file.read().split(b"\0") if item]
    holds = {}
    for number in os.listdir("/proc/%d/fd" % pid):
        with contextlib.suppress(OSError):
            holds[number] = os.readlink("/proc/%d/fd/%s" % (pid, number))
    return {"status": status, "variables": names, "holds": holds}


# What others listen on, and what they share


def connects(paths):
    """The sockets that take a connection; a path that begins with @ is a name of the kernel's."""
    found = []
    for path in paths:
        address = "\0" + path[1:] if path.startswith("@") else path
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as connection:
                connection.settimeout(5)
                connection.connect(address)
                found.append(path)
                break
    return found


def dials(ports):
    """The ports of this machine that take a connection."""
    found = []
    for port in ports:
        with contextlib.suppress(OSError), socket.socket() as connection:
            connection.settimeout(5)
            connection.connect(("127.0.0.1", port))
            found.append(port)
    return found


def ports_of(folder):
    """What the records of an app's instances say."""
    ports = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as file:
            ports.append(json.load(file)["port"])
    return ports


def listening():
    """Every UNIX socket that has a name."""
    with open("/proc/net/unix") as file:
        next(file)
        words = [line.split() for line in file]
    return sorted({line[7] for line in words if len(line) > 7})


def shares():
    """Shared memory and message queues of others that can be opened."""
    found = []
    for folder in ("/dev/shm", "/dev/mqueue"):
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if os.lstat(path).st_uid != os.getuid():
                    found += opens([path])
    for table in ("shm", "msg", "sem"):
        with open("/proc/sysvipc/" + table) as file:
            found += ["System V %s: %s" % (table, line.strip()) for line in list(file)[1:]]
    return found


# Becoming somebody else, or lasting longer than the app


def becomes(users):
    """The ways that lead to another user, and how many there are."""
    tried = 0
    found = []
    for user in users:
        for words in (
            ["sudo", "-n", "-u", user, "id", "-u"],
            ["su", "-s", SHELL, user, "-c", "id -u"],
            ["runuser", "-u", user, "--", "id", "-u"],
            ["setpriv", "--reuid", user, "--", "id", "-u"],
            ["pkexec", "--user", user, "id", "-u"],
            ["start-stop-daemon", "--start", "--chuid", user, "--exec", "/usr/bin/id", "--", "-u"],
            ["chroot", "--userspec", user, "/", "id", "-u"],
        ):
            tried += 1
            said = _said(words)
            if said.isdigit() and int(said) != os.getuid():
                found.append(" ".join(words))
    for name, work in {
        "setuid": lambda: os.setuid(0),
        "setresuid": lambda: os.setresuid(-1, 0, -1),
        "setgroups": lambda: os.setgroups([0]),
        "setgid": lambda: os.setgid(0),
    }.items():
        tried += 1
        if _works(work):
            found.append(name)
    for words in (["nsenter", "--target", "1", "--mount", "cat", "/etc/shadow"], ["cat", "/etc/shadow"]):
        tried += 1
        if "root" in _said(words):
            found.append(" ".join(words))
    return {"tried": tried, "through": found}


def schedules():
    """The ways to let something run later, or without whoever watches an app; and how many there are.

    As a process of an app does: it cannot get rights from a file.
    """
    job = "* * * * * true\n"
    ways = {
        "crontab -": job,
        "at now + 1 day": "true\n",
        "systemd-run --quiet true": "",
        "systemd-run --quiet --user true": "",
        "loginctl enable-linger": "",
        "loginctl kill-user root": "",
    }
    through = []
    for words, given in ways.items():
        confined = ["setpriv", "--no-new-privs", *words.split()]
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(confined, input=given, capture_output=True, text=True, timeout=20)
            if done.returncode == 0:
                through.append(words)
    return {"tried": len(ways), "through": through}


def dumps_a_core(releases):
    """The files that a process of ours leaves in its release when it crashes; any release will do."""
    (name, *_more) = os.listdir(releases)
    folder = os.path.join(releases, name, "code")
    before = set(os.listdir(folder))
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.chdir(folder)
        os.abort()
    os.waitpid(pid, 0)
    return sorted(set(os.listdir(folder)) - before)


def plants(folder, links):
    """Put links into a folder of ours, where root may follow them; :func:`clears` brings back what was there."""
    for name, target in links.items():
        path = os.path.join(folder, name)
        if os.path.lexists(path):
            os.rename(path, path + KEPT)
        os.symlink(target, path)
    return sorted(os.listdir(folder))


def clears(folder, links):
    """Undo :func:`plants`."""
    for name in links:
        path = os.path.join(folder, name)
        os.unlink(path)
        if os.path.lexists(path + KEPT):
            os.rename(path + KEPT, path)
    return sorted(os.listdir(folder))


def describes(paths):
    """Owner, group, mode, and for files size and time, of everything below these, for a look before and after."""
    found = {}
    for root in paths:
        for folder, folders, names in os.walk(root):
            for name in [*folders, *names, "."]:
                path = os.path.join(folder, name)
                state = os.lstat(path)
                found[path] = [state.st_uid, state.st_gid, oct(state.st_mode)]
                if stat.S_ISREG(state.st_mode):
                    found[path] += [state.st_size, state.st_mtime_ns]
    return found


def names_made(folders, seconds):
    """What is made in folders that everybody may write, from now on: names, until a file ``.stop`` is there."""
    watch = LIBC.inotify_init()
    by_number = {LIBC.inotify_add_watch(watch, folder.encode(), IN_CREATE): folder for folder in folders}
    found = []
    while select.select([watch], [], [], seconds)[0]:
        data = os.read(watch, 1 << 16)
        while data:
            number, _mask, _cookie, length = struct.unpack_from("iIII", data)
            name = data[16 : 16 + length].rstrip(b"\0").decode()
            data = data[16 + length :]
            if name == STOP:
                return found
            found.append(os.path.join(by_number[number], name))
    raise TimeoutError("nobody has made %s" % STOP)


def _works(work, *arguments):
    try:
        work(*arguments)
    except (OSError, ValueError):
        return False
    return True


def _check(result):
    if result != 0:
        raise OSError(ctypes.get_errno() or errno.EPERM, "refused")


def _read_one(path):
    with open(path, "rb") as file:
        if not file.read(1):
            raise OSError(errno.ENODATA, path)


def _said(words):
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](**json.load(sys.stdin))))
