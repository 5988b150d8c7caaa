# SPDX-License-Identifier: GPL-2.0-only
"""From a stress scenario to what runs: the script in the guest, and the guest itself.

Contract: the same scenario and seed give the same bytes; every word of the scenario reaches the guest's shell
quoted.
"""
import shlex

from . import (cmd_vm, guest, kernels, lock, packages, paths, proc, qemu_device, stress_words, ui,
               userland)

GUEST = paths.ROOT / "tests" / "stress" / "guest"
PRESS = paths.BUILD / "bin" / "press"
HOME = "lab/stress"                     # in the guest's first file system
IOMMU = (["-device", "intel-iommu"], ["intel_iommu=on", "iommu.strict=1"])
EXACT_COMMAND = ["sh", f"/{HOME}/plan"]
SHARED_COMMAND = ["/run/lab/bin/sh", f"/run/{HOME}/plan"]
SIGNED = 1 << 63


def _us(nanoseconds):
    return nanoseconds // 1000


def _options(event, names):
    """[NAME=VALUE] of those that are given, in this order."""
    return [f"{name}={event.options[name]}" for name in names if name in event.options]


def _receive(event, seed):
    """labctl receive's words of a traffic."""
    given = event.options
    words = ["--queue", given["queue"]] if "queue" in given else ["--queues", given.get("queues", 1)]
    words += ["--seed", seed % SIGNED]
    for name, option in (("mode", "--mode"), ("pages", "--pages"), ("burst", "--burst"), ("depth", "--depth"),
                         ("mod-packets", "--mod-packets"), ("mod-usec", "--mod-usec")):
        if name in given:
            words += [option, given[name]]
    if "period" in given:
        words += ["--period-ns", given["period"]]
    if "slow" in given:
        words += ["--slow", _us(given["slow"])]
    if "size" in given:
        words += ["--size-min", given["size"][0], "--size-max", given["size"][1]]
    return words


def _rounds(event, *call):
    return ["rounds", event.options.get("rounds", 1), _us(event.options.get("gap", 0)), *call]


def _call(event, seed):
    """The function of lib.sh and its words."""
    verb, words = event.verb, event.words
    simple = {"stop": "stop", "finish": "finish", "pause": "pause", "resume": "resume", "affinity": "affinity"}
    calls = {
        "start": lambda: ["start", words[0], *_receive(event, seed)],
        "kill": lambda: _rounds(event, "kill_once", words[0]),
        "fault": lambda: ["set_knob", "faults",
                          " ".join(words + _options(event, ("rate", "nth", "param", "limit")))],
        "hostile": lambda: ["set_knob", "faults", " ".join(["hostile"] + _options(event, ("rate", "rules")))],
        "faults-off": lambda: ["set_knob", "faults", "off"],
        "fail-alloc": lambda: ["set_knob", "fail_alloc", " ".join(_options(event, ("rate", "nth", "limit")))],
        "memory": lambda: ["memory", words[0], event.options["size"]] + (
            [event.options.get("limit", max(4, event.options["size"] // 2))] if words[0] == "cgroup" else []),
        "memory-off": lambda: ["memory_off"],
        "load": lambda: ["load", event.options.get("programs", 1)],
        "load-off": lambda: ["load_off"],
        "stress-ng": lambda: ["stress_ng", *words],
        "affinity-spin": lambda: _rounds(event, "affinity_next"),
        "cpu-offline": lambda: ["processor", words[0], 0],
        "cpu-online": lambda: ["processor", words[0], 1],
        "rebind": lambda: _rounds(event, "rebind"),
        "reload": lambda: _rounds(event, "reload"),
        "flr": lambda: _rounds(event, "flr"),
        "reset": lambda: _rounds(event, "device_reset"),
        "suspend": lambda: _rounds(event, "suspend"),
        # the slot's own button waits five seconds, each way
        "replug": lambda: ["rounds_most=120000", *_rounds(event, "replug")],
        # the kernel's recovery waits a second and more for the link
        "aer": lambda: ["rounds_most=60000", *_rounds(event, "aer", event.options.get("kind", "dlp"))],
    }
    return [simple[verb], *words] if verb in simple else calls[verb]()


def _line(number, event, seed):
    call = [str(word) for word in _call(event, seed)]
    setting = f"{call.pop(0)} " if "=" in call[0] else ""
    return f"{setting}event {number} {' '.join(shlex.quote(word) for word in call)}"


def script(scenario, seed, module, words):
    """The plan, as the guest's shell reads it; `module`: labyrinth.ko in the guest."""
    traffics = dict.fromkeys(event.words[0] for event in scenario.events if event.verb == "start")
    home = f"/{HOME}" if scenario.replayable else f"/run/{HOME}"
    lines = [f"# {scenario.name}", f"SEED={seed % SIGNED}", f"QUEUES={scenario.queues()}",
             f"MODULE={shlex.quote(module)}", f"WORDS={shlex.quote(' '.join(words))}",
             f"TRAFFICS={shlex.quote(' '.join(traffics))}", f"EXACT={int(scenario.replayable)}",
             f"PATH={home.replace('stress', 'bin')}:$PATH", f". {home}/lib.sh", "begin_scenario"]
    for number, event in enumerate(scenario.events):
        if event.verb == "start":
            lines.append(f"queues_{event.words[0]}={shlex.quote(' '.join(map(str, event.queues())))}")
        lines += [f"at {event.at_ns // stress_words.UNITS['ms']}", _line(number, event, seed + number)]
    return "\n".join(lines + ["end_scenario"]) + "\n"


def press():
    """The static program that makes pressure in the guest."""
    source = GUEST / "press.c"
    if not PRESS.is_file() or PRESS.stat().st_mtime < source.stat().st_mtime:
        paths.make_dir(PRESS.parent)
        with lock.in_build("userland", "building press"):
            proc.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o", PRESS, source],
                     what="build-press")
    return PRESS




def _small(path):
    """The file without what only a debugger needs: the least guests have no room for that."""
    made = paths.BUILD / "stress" / path.name
    proc.run(["strip", "--strip-debug", "-o", f"{paths.make_dir(made.parent)}/{path.name}", path], what="strip")
    return made.read_bytes()


class Machine:
    """A prepared guest for one scenario: what it takes to run it, but for the seed."""

    def __init__(self, scenario, kernel_name, verbose=False):
        packages.install()
        self.scenario = scenario
        self.kernel_name = kernel_name
        self.kernel = kernels.get(kernel_name)
        self.qemu = qemu_device.ready()
        userland.ready()
        self.verbose = verbose
        self.modules = cmd_vm.our_modules(self.kernel, scenario.params)
        # read once: what somebody builds meanwhile is for the next
        with lock.in_build("stress", "preparing a stress run"):
            self.files = {path.name: _small(path) for path in [*(path for path, _ in self.modules),
                                                               userland.BIN / "labctl.static", press()]}
        self.files["lib.sh"] = (GUEST / "lib.sh").read_bytes()

    def builds(self):
        """The hash of everything that a run is made of, but for scenario and seed."""
        parts = [self.kernel.label(), self.qemu.program.read_bytes()]
        parts += self.files.values()
        return paths.digest(*parts, length=16)

    def options(self, seed):
        """guest.Options of one run."""
        scenario = self.scenario
        exact = scenario.replayable
        qemu_args, append = IOMMU if scenario.iommu else ([], [])
        options = guest.Options(
            command=EXACT_COMMAND if exact else SHARED_COMMAND, smp=scenario.cpus, memory=scenario.memory,
            qemu_args=list(qemu_args), append=list(append), device=list(scenario.device), exact=exact,
            seed=seed % SIGNED, cwd="/", path=["/bin"] if exact else [], verbose=self.verbose)
        for path, words in self.modules:
            inside = f"lab/ko/{path.name}"
            options.files[inside] = self.files[path.name]
            options.modules.append((f"/{inside}" if exact else f"/run/{inside}", words))
        options.files["lab/bin/labctl"] = self.files["labctl.static"]
        options.files["lab/bin/press"] = self.files["press"]
        options.files[f"{HOME}/lib.sh"] = self.files["lib.sh"]
        module, words = options.modules[-1]
        options.files[f"{HOME}/plan"] = script(scenario, seed, module, words).encode()
        return options


def kernel_of(scenario, wished):
    """The kernel to run on, or a LabError."""
    if wished and wished not in scenario.kernels and wished in stress_words.KERNELS:
        raise ui.LabError(f"scenario {scenario.name} is for {' '.join(scenario.kernels)}, not for --kernel {wished}",
                          ui.EXIT_USAGE)
    return wished or scenario.kernels[0]
