# SPDX-License-Identifier: GPL-2.0-only
"""`scripts/lab setup`, `deps`, `paths`, `clean`: the preparation of a machine and of a clone."""
import shutil

from . import kernel_build, kernels, modules, packages, paths, qemu_base, qemu_device, ui, userland


def add_parser(commands):
    setup = commands.add_parser(
        "setup", help="fetch and build everything that a run needs",
        description="Install the missing packages, fetch QEMU's source and the guest kernels, and build QEMU, the "
                    "device, the modules and labctl. What is there already is left alone.")
    setup.add_argument("--update", action="store_true",
                       help="ask the distribution for newer versions of QEMU and of the kernels")
    setup.add_argument("--debug-kernel", action="store_true", help="also build the debug kernel (10 minutes, once)")
    setup.add_argument("--all-kernels", action="store_true",
                       help="also what only `make test-full` needs: the newer long-term kernel and the kcsan kernel")
    setup.set_defaults(call=setup_main)

    deps = commands.add_parser("deps", help="print the distribution packages that are needed; installs nothing",
                               description="Print each package with the reason for it and whether it is there.")
    deps.set_defaults(call=deps_main)

    where = commands.add_parser(
        "paths", help="print where the sources, builds and kernels are",
        description="Print NAME=PATH lines for one's own builds: QEMU's source and build, each kernel's image, "
                    "release and the folder for `make -C`.")
    where.add_argument("--kernel", default="stock", metavar=kernels.NAMES)
    where.set_defaults(call=paths_main)

    built = commands.add_parser(
        "modules", help="build our modules for a kernel, and print the folder",
        description="Build labyrinth_pool.ko and labyrinth.ko for a kernel, and print the folder where they are.")
    built.add_argument("--kernel", default="stock", metavar=kernels.NAMES)
    built.add_argument("--tests", action="store_true", help="the modules of the self-tests too, into the same folder")
    built.set_defaults(call=modules_main)

    clean = commands.add_parser("clean", help="remove build/; --cache removes the cache too",
                                description="Remove what was built in this clone.")
    clean.add_argument("--cache", action="store_true",
                       help="also the cache of all clones: QEMU and the kernels are fetched and built again")
    clean.set_defaults(call=clean_main)


def setup_main(args):
    packages.install()
    qemu_base.ready(args.update)
    qemu_device.ready()
    for flavour in kernels.NEEDED:
        modules.ready(kernels.get(flavour, args.update))
    userland.ready()
    if args.update:
        kernel_build.source(update=True)
    wanted = ["debug"] * args.debug_kernel + ["6.12", "debug", "kcsan"] * args.all_kernels
    for name in dict.fromkeys(wanted):
        modules.ready(kernels.get(name))
    ui.note("everything is there: `make run`")
    return 0


def deps_main(_args):
    have = packages.installed()
    for name, reason in packages.wanted():
        print(f"{name:<16} {'there  ' if name in have else 'MISSING'}  {reason}")
    absent = packages.missing()
    if absent:
        print(f"\nas root: apt-get install --no-install-recommends {' '.join(absent)}")
    return 0


def paths_main(args):
    kernel = kernels.get(args.kernel)
    base = qemu_base.ready()
    for name, value in (("QEMU_VERSION", base.version), ("QEMU_SOURCE", base.tree), ("QEMU_BUILD", base.build),
                        ("QEMU", qemu_device.ready().program), ("KERNEL_RELEASE", kernel.release),
                        ("KERNEL_IMAGE", kernel.image), ("KDIR", kernel.kdir), ("CACHE", paths.cache()),
                        ("BUILD", paths.BUILD)):
        print(f"{name}={value}")
    return 0


def modules_main(args):
    kernel = kernels.get(args.kernel)
    modules.ready(kernel)
    if args.tests:
        modules.kselftest(kernel)
    print(modules.home(kernel))
    return 0


def _remove(folder):
    if folder.is_dir():
        shutil.rmtree(folder)
        ui.note(f"removed {folder}")


def clean_main(args):
    _remove(paths.BUILD)
    if args.cache:
        _remove(paths.cache())
    return 0
