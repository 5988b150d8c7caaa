# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab check`: style and static checks, with the rules of the projects that the code would go to.

Contract: prints TAP, one result per check; a tool that is missing is a failure, and nothing is skipped.
"""
import ast
import fnmatch
import os
import re
import shutil
import subprocess
import sys

from . import kernel_build, kernels, modules, packages, paths, qemu_base, ui

KERNEL_CHECKPATCH = ["--no-tree", "--strict", "--no-summary", "--terse", "--show-types"]
# Where a rule of the kernel's does not fit a kind of file: (files, rules), with the reason.
KERNEL_EXCEPTIONS = (
    # New files are in no MAINTAINERS; opaque handles are the kernel's own exception to its typedef rule.
    ("*", "FILE_PATH_CHANGES,SPDX_LICENSE_TAG,NEW_TYPEDEFS"),
    # The layout of TRACE_EVENT in the kernel itself breaks these.
    ("*/trace.h", "OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT"),
    # A table that is expanded in several ways, in user space too.
    ("*/labyrinth_contexts.h", "COMPLEX_MACRO,MACRO_ARG_REUSE,MACRO_ARG_UNUSED,BIT_MACRO"),
    # Entries of such tables, each of which takes what it wants of a row.
    ("*/pci/faults.c", "MACRO_ARG_UNUSED"), ("*/pool_test_mod/calls.c", "MACRO_ARG_UNUSED"),
    # Programs in user space, written in kselftest_harness.h's macros.
    ("*/tests/kselftest/driver_*", "PREFER_KERNEL_TYPES,MACRO_ARG_REUSE,LINE_SPACING,ARRAY_SIZE,BIT_MACRO,STRCPY"),
    ("*/tests/kselftest/lab*", "PREFER_KERNEL_TYPES,LINE_SPACING,STRCPY"),
    ("*/tests/kselftest/lab_fixture.h", "MULTISTATEMENT_MACRO_USE_DO_WHILE,MACRO_ARG_REUSE"),
    # User space and the device include these, where there is no BIT().
    ("*/uapi/*", "BIT_MACRO"),
    # It has tables too that are expanded in several ways.
    ("*/labyrinth_hw.h", "BIT_MACRO,PREFER_KERNEL_TYPES,COMPLEX_MACRO,MACRO_ARG_REUSE,MACRO_ARG_UNUSED"),
    ("*/pool/core.h", "BIT_MACRO"), ("*/pool/block.h", "BIT_MACRO,MACRO_ARG_REUSE"),
    # Their arguments are names of fields, or plain variables, in the core on each platform.
    ("*/labyrinth_pool.h", "MACRO_ARG_PRECEDENCE"), ("*/pool/platform_*.h", "MACRO_ARG_REUSE,MACRO_ARG_UNUSED"),
    # One module for kernels on both sides of a change of their interface.
    ("*/pool/shrink.c", "LINUX_VERSION_CODE,CONSTANT_COMPARISON"),
    # A static key's definition is taken for a function's.
    ("*/pool/track.c", "EXPORT_SYMBOL"),
)
USER_SPACE = ("lib", "labctl", "platform_user.h", "platform_model.h")
# What QEMU's checkpatch takes for code in macros that stand for a declaration's beginning or end.
QEMU_EXCEPTIONS = (("compat.h", "storage class should be at the beginning"),
                   ("compat.h", "Macros with complex values"),
                   # Entries of arrays, by the tables of labyrinth_hw.h
                   ("faults.c", "Macros with complex values"), ("hostile.c", "Macros with complex values"),
                   # In QEMU's own tree tests/ is exempt.
                   ("qtest/", "Use g_assert or g_assert_not_reached"))
C_LIMIT = 700


def add_parser(commands):
    parser = commands.add_parser("check", help="style and static checks of every part",
                                 description="checkpatch, sparse, warnings, layout, headers, scripts.")
    parser.set_defaults(call=main)


def _files(folder, *suffixes):
    return [p for p in sorted((paths.ROOT / folder).rglob("*")) if p.suffix in suffixes]


def _tool(argv, cwd=paths.ROOT, ok=lambda status, text: status == 0):
    """What a tool complains of, or nothing."""
    if not shutil.which(str(argv[0])):
        return f"{argv[0]} is not installed: run `scripts/lab setup`"
    done = subprocess.run([str(a) for a in argv], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode(errors="replace").strip()
    return "" if ok(done.returncode, text) else text or f"status {done.returncode}"


def kernel_style():
    """checkpatch --strict of the kernel on the modules, the hardware header and the kernel self-tests"""
    _, tree = kernel_build.source()
    files = [f for f in _files("driver", ".c", ".h") + _files("tests/kselftest", ".c", ".h")
             + _files("tests/kunit", ".c", ".h") + _files("tests/memory", ".c", ".h")
             + _files("tests/bench/kernel", ".c", ".h") + _files("tests/bench/compare/probe", ".c", ".h")
             + _files("tests/sample", ".c", ".h") + _files("tests/races", ".c")
             + [paths.ROOT / "qemu-device/labyrinth_hw.h"]
             if not any(part in USER_SPACE for part in f.relative_to(paths.ROOT).parts)]
    found = []
    for file in files:
        ignored = [kinds for pattern, kinds in KERNEL_EXCEPTIONS if fnmatch.fnmatch(str(file), pattern)]
        found.append(_tool(["perl", tree / "scripts/checkpatch.pl"] + KERNEL_CHECKPATCH
                           + ["--ignore", ",".join(ignored), "-f", file], cwd=tree, ok=lambda _, text: not text))
    return "\n".join(text for text in found if text)


def qemu_style():
    """checkpatch of QEMU on qemu-device/ and its fuzzer"""
    tree = qemu_base.ready().tree
    # The hardware header is the driver's and the firmware's too, and in their style.
    files = [f for f in _files("qemu-device", ".c", ".h") + _files("tests/fuzz/device", ".c", ".h")
             if f.name != "labyrinth_hw.h"]
    text = _tool(["perl", tree / "scripts/checkpatch.pl", "--no-tree", "--terse", "--no-summary", "-f"] + files,
                 cwd=tree, ok=lambda _, text: not text)
    return "\n".join(line for line in text.splitlines()
                     if not any(name in line and what in line for name, what in QEMU_EXCEPTIONS))


def module_warnings():
    """the kernel modules compile without a warning (W=1)"""
    return "\n".join(_module_build("warnings", []))


def module_sparse():
    """the kernel modules pass sparse (C=2)"""
    return _tool(["sparse", "--version"]) or "\n".join(_module_build("sparse", ["C=2"]))


def _module_build(name, extra):
    """The warnings of a full build of driver/ in a copy of its own."""
    kernel = kernels.get("stock")
    copy = paths.BUILD / "check" / name
    shutil.rmtree(copy, ignore_errors=True)
    for source in modules.SOURCES:
        modules.mirror(paths.ROOT / source, copy / source)
    found = []

    def look(line):
        if re.search(r"\b(warning|error):", line, re.I):
            found.append(line.rstrip().replace(str(copy) + "/", ""))
    modules.kbuild(kernel, copy / "driver", f"check-{name}", ["W=1"] + extra, on_line=look)
    return found


def firmware_layout():
    """firmware-model/ is laid out as its .clang-format says"""
    return _tool(["clang-format", "--dry-run", "-Werror"] + _files("firmware-model", ".c", ".h"))


def headers_alone():
    """every header that others include compiles on its own"""
    found = []
    for header, flags in ((paths.ROOT / "qemu-device/labyrinth_hw.h", []),
                          (paths.ROOT / "firmware-model/include/labyrinth_fw.h",
                           [f"-I{paths.ROOT / 'qemu-device'}", "-ffreestanding"]),
                          (paths.ROOT / "firmware-model/include/labyrinth_link.h",
                           [f"-I{paths.ROOT / 'qemu-device'}", "-ffreestanding"]),
                          (paths.ROOT / "driver/include/uapi/linux/labyrinth.h", [])):
        for standard in ("-std=c99", "-std=gnu11"):
            text = _tool(["gcc", standard, "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-x", "c"] + flags
                         + [header])
            found += [text] if text else []
    return "\n".join(found)


def _scripts():
    every = [p for folder in ("scripts", "tests", ".ci", "driver", "firmware-model", "qemu-device")
             for p in sorted((paths.ROOT / folder).rglob("*")) if p.is_file()]
    found = {"python": [], "sh": []}
    for path in every:
        with open(path, "rb") as data:
            first = data.readline(80)
        if path.suffix == ".py" or first.startswith(b"#!") and b"python" in first:
            found["python"].append(path)
        elif path.suffix == ".sh" or first.startswith(b"#!") and first.split(b" ")[0].rstrip().endswith(b"sh"):
            found["sh"].append(path)
    return found


def python_compiles():
    """every Python file parses"""
    found = []
    for path in _scripts()["python"]:
        try:
            ast.parse(path.read_bytes(), str(path))
        except SyntaxError as problem:
            found.append(f"{path}:{problem.lineno}: {problem.msg}")
    return "\n".join(found)


def shell_parses():
    """every shell script parses"""
    texts = [_tool(["bash" if b"bash" in path.read_bytes().splitlines()[0] else "sh", "-n", path])
             for path in _scripts()["sh"]]
    return "\n".join(text for text in texts if text)


def _tracked():
    """Files of the repository; in an export without git, every file outside of build/."""
    done = subprocess.run(["git", "-C", str(paths.ROOT), "ls-files", "-co", "--exclude-standard", "-z"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if done.returncode == 0:
        return [paths.ROOT / os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    return [p for p in paths.ROOT.rglob("*") if p.is_file() and paths.BUILD not in p.parents]


def licences():
    """every source file names its licence first"""
    sources = [p for p in _tracked() if p.suffix in (".c", ".h", ".py", ".sh") or p.name in ("Makefile", "Kbuild", "Kconfig")]
    return "\n".join(str(p.relative_to(paths.ROOT)) for p in sources if p.is_file()
                     and b"SPDX-License-Identifier:" not in b"".join(p.read_bytes().splitlines()[:2]))


def sizes():
    """no source file has outgrown one purpose (700 lines)"""
    sources = [p for p in _tracked() if p.suffix in (".c", ".h", ".py", ".sh") and p.is_file()]
    counts = [(len(p.read_bytes().splitlines()), p.relative_to(paths.ROOT)) for p in sources]
    return "\n".join(f"{p}: {n} lines" for n, p in counts if n > C_LIMIT)


CHECKS = (licences, sizes, python_compiles, shell_parses, headers_alone, firmware_layout, kernel_style, qemu_style,
          module_warnings, module_sparse)


def main(_args):
    packages.install()
    print(f"TAP version 13\n1..{len(CHECKS)}", flush=True)
    bad = 0
    for number, check in enumerate(CHECKS, 1):
        try:
            text = check()
        except ui.LabError as problem:
            text = str(problem)
        print(f"{'not ' if text else ''}ok {number} - {check.__doc__}")
        for line in text.splitlines()[:60]:
            print(f"# {line}")
        bad += bool(text)
        sys.stdout.flush()
    return 1 if bad else 0
